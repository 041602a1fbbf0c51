import type { Usage } from '../wire/types.ts';
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
  /** Has the model of the step write. What was asked and answered is kept in the run's folder. */
  write(prompt: Prompt): Promise<string>;
  /** Asks a person. Resolves with undefined where there is none. */
  ask(question: string): Promise<string | undefined>;
  /** For people who watch: what is being done. */
  status(text: string): void;
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

/** A kind of step. */
export interface Module {
  readonly name: string;
  readonly describe: string;
  /**
   * Changes when the module does something else with the same inputs. A step whose inputs, settings and version are as
   * they were is not paid for twice; without a version it always runs.
   */
  readonly version?: string;
  /** Resolves with the output. What it rejects with fails the step, which may be tried again. */
  run(context: ModuleContext): Promise<string>;
}

/** What a model was asked within a step, and what it answered. */
export interface Exchange {
  readonly service: string;
  readonly model: string;
  readonly system: string;
  readonly text: string;
  readonly reply: string;
  readonly finish: string;
  readonly usage?: Usage;
  readonly ms: number;
}
