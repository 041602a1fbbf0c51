import type * as z from 'zod';
import type { Project } from '../sidecar/project/project.ts';
import type { Usage } from '../wire/types.ts';
import type { HeldMeeting, MeetingWish } from './held-meeting.ts';
import type { ModelConfig, Step } from './pipeline.ts';

/** An output of an earlier step. */
export interface Input {
  readonly name: string;
  readonly text: string;
}

/** What a module is given to do one step with. */
export interface ModuleContext {
  readonly step: Step;
  /** In the order of the step's `inputs`; the output of a step that was skipped is missing. */
  readonly inputs: readonly Input[];
  /** What the whole run was asked for; undefined where nobody said. */
  readonly request: string | undefined;
  /** Where the pipeline holds a seat in a meeting: who it is there, and what was said so far. */
  readonly seat?: Seat | undefined;
  /** Has the model of the step write. What was asked and answered is kept in the run's folder. */
  write(prompt: Prompt): Promise<string>;
  /** Asks a person. Resolves with undefined where there is none. */
  ask(question: string): Promise<string | undefined>;
  /** For people who watch: what is being done. */
  status(text: string): void;
  /**
   * Does what takes long, and keeps its value, which must be one that JSON has: where this attempt at the step was
   * interrupted, it is taken from there if `dependsOn` is as it was. Calls are told apart by their order.
   */
  once<T>(schema: z.ZodType<T>, dependsOn: unknown, work: () => Promise<T>): Promise<T>;
  /** A sandbox for one program; whoever opens it closes it. Rejects with ColloquyError where there is none. */
  openProject(): Promise<Project>;
  /** Lets two personas talk as `colloquy meet` does. Rejects with ColloquyError where the meeting could not be held. */
  holdMeeting(wish: MeetingWish): Promise<HeldMeeting>;
  /** Keeps what a model was asked and answered elsewhere than by `write`. */
  record(exchange: Exchange): void;
  /** What comes out is not of the inputs and settings alone, but of what a person said, say: no other run takes it over. */
  forThisRunOnly(): void;
  /** Where the files go that the run is for. */
  readonly outputFolder: string;
  /** Where this step may keep what is of use to itself. */
  readonly stepFolder: string;
  readonly signal: AbortSignal;
}

export interface Prompt {
  readonly system: string;
  readonly text: string;
  /** Instead of what the step says. */
  readonly model?: ModelConfig;
}

/** The place of a pipeline in a meeting. */
export interface Seat {
  /** The whole text that a model would be given as its system prompt. */
  readonly persona: string;
  /** The last one is what is to be answered. */
  readonly messages: readonly { readonly by: 'self' | 'partner'; readonly text: string }[];
}

/** A kind of step. */
export interface Module {
  readonly name: string;
  readonly describe: string;
  /**
   * Changes when the module does something else with the same inputs. A step whose inputs, settings and version are as
   * they were is not paid for twice; without a version it always runs.
   */
  readonly version?: string;
  /**
   * What a step may say under `with`: zod's schema of a mapping. It is checked before anything runs, with the place of
   * each mistake; a key that it does not name is one.
   */
  readonly settings?: z.ZodType;
  /** Where it was loaded from; the loader says so. Absent: it came with the program. */
  readonly file?: string;
  /** Resolves with the output. What it rejects with fails the step, which may be tried again. */
  run(context: ModuleContext): Promise<string>;
  /** The output is that of another run: what `run` leaves behind beside it is made again, files say. */
  restore?(context: Pick<ModuleContext, 'step' | 'outputFolder' | 'stepFolder'>, output: string): void;
}

/** What a model was asked within a step, and what it answered. */
export interface Exchange {
  readonly service: string;
  readonly model: string;
  readonly system: string;
  readonly text: string;
  readonly reply: string;
  /** As the service says; `unfinished` until it has answered, `failed` and `interrupted` where it never did. */
  readonly finish: string;
  readonly usage?: Usage | undefined;
  readonly ms: number;
  /** When it was asked, as ISO 8601. */
  readonly startedAt?: string | undefined;
  /** In which attempt at the step, from 1. */
  readonly attempt?: number | undefined;
}
