import { chmod, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** One run of the program. */
export interface FakeRun {
  readonly pid: number;
  readonly args: readonly string[];
  readonly input: string;
}

/** A program that speaks to nobody and writes down what it was called with. */
export interface FakeSpeech {
  readonly file: string;
  /** For `speech.command`: the program, with `--lang {lang} --voice {voice} --gender {gender}`. */
  readonly command: readonly string[];
  /** `start`, then `end`, with the text, in the order of time. */
  journal(): Promise<string[]>;
  runs(): Promise<FakeRun[]>;
}

interface FakeOptions {
  /** Name of the program. */
  readonly name?: string;
  /** JavaScript that runs between the beginning and the end; it may use `input` and `args`. */
  readonly body?: string;
}

/** Puts it into a folder that is made executable for Node alone. */
export async function createFakeSpeech(folder: string, options: FakeOptions = {}): Promise<FakeSpeech> {
  const { name = 'fake-speech', body = '' } = options;
  const file = path.join(folder, name);
  const log = path.join(folder, `${name}.log`);
  await writeFile(file, programText(log, body));
  await chmod(file, 0o755);
  const lines = async (): Promise<Line[]> => {
    const text = existsSync(log) ? await readFile(log, 'utf8') : '';
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  };
  return {
    file,
    command: [file, '--lang', '{lang}', '--voice', '{voice}', '--gender', '{gender}'],
    journal: async () => (await lines()).map(({ what, input }) => `${what} ${input}`),
    runs: async () => (await lines()).filter(({ what }) => what === 'start'),
  };
}

type Line = FakeRun & { readonly what: 'start' | 'end' };

function programText(log: string, body: string): string {
  return `#!${process.execPath}
const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
const { spawn } = require('node:child_process');
const args = process.argv.slice(2);
const input = readFileSync(0, 'utf8');
const tell = (what) =>
  appendFileSync(${JSON.stringify(log)}, JSON.stringify({ what, pid: process.pid, args, input }) + '\\n');
(async () => {
  tell('start');
  ${body}
  tell('end');
})();
`;
}
