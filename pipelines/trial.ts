import path from 'node:path';
import { rmSync } from 'node:fs';
import * as z from 'zod';
import { visibleControls, visibleLine } from '../journal/render/visible-controls.ts';
import { formatSeconds } from '../journal/render/sentences.ts';
import type { ProgramOutcome, Project } from '../sidecar/project/project.ts';
import { readRequirements, type RefusedLine } from '../sidecar/project/requirements.ts';
import { fence, shorten } from '../sidecar/report.ts';
import { writeFiles } from './codebase.ts';
import type { ReplyFile } from './reply-files.ts';

export const trialSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.enum(['works', 'fails']),
    /** One line. */
    summary: z.string(),
    report: z.string(),
  }),
  /** Nothing here can run it, whatever it is. */
  z.object({ type: z.literal('not-run'), why: z.string() }),
]);

/** What came of running a program. */
export type Trial = Readonly<z.infer<typeof trialSchema>>;

export interface TrialOptions {
  readonly project: Project;
  /** Gets `codebase/`, what is run, and `made/`, the files that it makes; both anew for each trial. */
  readonly folder: string;
  readonly entry: string;
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onStatus: (text: string) => void;
}

const requirementsFile = 'requirements.txt';

/** Of the output of a program, what a model is told. */
const mostOutputCharacters = 12_000;

/** Runs one program again and again while it changes, and installs its packages whenever they do. */
export class TrialBench {
  readonly #options: TrialOptions;
  /** What is installed; undefined where nothing was tried yet. */
  #installed: string | undefined;
  /** Why the packages are missing, where they are and that is nobody's mistake. */
  #lacking: string | undefined;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  /** Rejects with the signal's reason. */
  async try(files: readonly ReplyFile[]): Promise<Trial> {
    const { project, entry, seconds, signal } = this.#options;
    const folder = path.join(this.#options.folder, 'codebase');
    const keepFiles = path.join(this.#options.folder, 'made');
    if (!files.some(({ name }) => name === entry)) {
      const summary = `there is no file ${entry}, with which the program is started`;
      return { type: 'fails', summary, report: `The program could not be started: ${summary}.` };
    }
    for (const each of [folder, keepFiles]) rmSync(each, { recursive: true, force: true });
    writeFiles(folder, files);
    const failure = await this.#install(files);
    if (failure) return failure;
    this.#options.onStatus(`${entry} is run`);
    const outcome = await project.run({ folder, entry, seconds, signal, keepFiles });
    if (outcome.type === 'unavailable') return { type: 'not-run', why: outcome.why };
    return this.#judge(outcome);
  }

  async #install(files: readonly ReplyFile[]): Promise<Trial | undefined> {
    const { project, signal, onStatus } = this.#options;
    const text = files.find(({ name }) => name === requirementsFile)?.text ?? '';
    const { requirements, refused } = readRequirements(text);
    if (refused.length > 0) return failsToInstall(refused.map(describeRefused).join('; '), '');
    const wish = requirements.join('\n');
    if (wish === (this.#installed ?? '')) return undefined;
    onStatus(`installs ${requirements.length === 0 ? 'no packages any more' : requirements.join(', ')}`);
    const outcome = await project.install(requirements, { signal });
    if (outcome.type === 'failed') {
      const unknown = outcome.unknown.map((name) => `; the package index has no ${name}`).join('');
      return failsToInstall(outcome.why + unknown, outcome.output);
    }
    this.#installed = wish;
    this.#lacking = outcome.type === 'unavailable' ? outcome.why : undefined;
    if (this.#lacking !== undefined) onStatus(`its packages are not installed: ${this.#lacking}`);
    return undefined;
  }

  #judge(outcome: Exclude<ProgramOutcome, { type: 'unavailable' }>): Trial {
    const { entry, seconds } = this.#options;
    const took = formatSeconds(outcome.ms);
    const how =
      outcome.type === 'exited'
        ? `${entry} ended with exit code ${outcome.code} after ${took}`
        : outcome.type === 'timeout'
          ? `${entry} had not ended after ${seconds} s, and was stopped`
          : `${entry} was killed: ${visibleLine(outcome.detail)}`;
    const works = outcome.type === 'exited' && outcome.code === 0;
    const last = visibleLine(outcome.output.trimEnd().split('\n').at(-1) ?? '');
    const lacking =
      this.#lacking === undefined ? '' : ` Its packages could not be installed: ${this.#lacking}.`;
    const made = outcome.files.length === 0 ? '' : `\n\nIt made ${list(outcome.files)}.`;
    return {
      type: works ? 'works' : 'fails',
      summary: works || last === '' ? how : `${how}: ${shorten(last, 200)}`,
      report: `${how}.${lacking}${printed(outcome.output, 'It')}${made}`,
    };
  }
}

function failsToInstall(why: string, output: string): Trial {
  const summary = visibleLine(`${requirementsFile} cannot be installed: ${why}`);
  const report = `The program was not started, since ${summary}.${printed(output, 'The installer')}`;
  return { type: 'fails', summary, report };
}

function describeRefused({ line, text, why }: RefusedLine): string {
  return `line ${line}, ${shorten(text, 100)}: ${why}`;
}

function printed(output: string, who: string): string {
  const text = visibleControls(output).trimEnd();
  if (text === '') return output === '' && who !== 'It' ? '' : ` ${who} printed nothing.`;
  return ` ${who} printed:\n\n${fence(shorten(text, mostOutputCharacters), 'text')}`;
}

const mostNamed = 20;

function list(names: readonly string[]): string {
  const more = names.length - mostNamed;
  const named = names
    .slice(0, mostNamed)
    .map((name) => visibleLine(name))
    .join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}
