import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programPath } from '../../config/paths.ts';
import { createMeetingId } from '../../journal/meeting-id.ts';
import { journalFileName } from '../../journal/journal.ts';
import { loadPersona, type Persona } from '../../personas/persona.ts';
import { ColloquyError } from '../../wire/errors.ts';
import { seats, type Seat } from '../../wire/types.ts';
import type { StartRequest } from '../api.ts';
import { HttpError } from './http-error.ts';
import { fileOf, writeEdited } from './personas.ts';
import { meetArguments } from './start-arguments.ts';

/** Each is four processes. */
const mostMeetings = 16;
/** From the first process to the first line of the journal, on a busy machine. */
const beginMs = 60_000;
const lookMs = 40;

interface Surroundings {
  readonly transcripts: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Starts meetings: the same processes as `colloquy meet`, in a group of their own. They go on when this server ends;
 * whoever wants to end them can, by the page of the next one or by `colloquy control`.
 */
export class Starts {
  readonly #where: Surroundings;
  readonly #running = new Map<string, ChildProcess>();
  /** Those that are about to be. */
  #starting = 0;

  constructor(where: Surroundings) {
    this.#where = where;
  }

  /** The meetings that were started here and go on. */
  get meetings(): readonly string[] {
    return [...this.#running.keys()];
  }

  /**
   * Resolves with the name of the meeting once it has begun. Rejects with HttpError or ConfigError, in the words of the
   * process that could not begin.
   */
  async start(request: StartRequest): Promise<string> {
    if (this.#running.size + this.#starting >= mostMeetings) {
      throw new HttpError(
        429,
        'too-many-meetings',
        `${mostMeetings} meetings that were started here go on; end one first`,
      );
    }
    this.#starting++;
    try {
      return await this.#begin(request);
    } finally {
      this.#starting--;
    }
  }

  async #begin(request: StartRequest): Promise<string> {
    const { transcripts, cwd } = this.#where;
    const folder = await mkdtemp(path.join(tmpdir(), 'colloquy-start-'));
    const folders = [folder];
    let isSpawned = false;
    const cleanUp = (): void => {
      for (const each of folders) void rm(each, { recursive: true, force: true });
    };
    try {
      const personas = {} as Record<Seat, Persona>;
      for (const seat of seats) {
        const { persona: id, text } = request.seats[seat];
        const original = fileOf(id, cwd);
        const file = text === undefined ? original : await writeEdited(text, { id, cwd });
        if (file !== original) folders.push(path.dirname(file));
        personas[seat] = loadPersona(file, { cwd: file === original ? cwd : path.dirname(file) });
      }
      const meeting = createMeetingId({ a: personas.a.name, b: personas.b.name }, new Date());
      const args = meetArguments(request, { meeting, transcripts, personas });
      const errors = path.join(folder, 'stderr.txt');
      const child = this.#spawn(args, errors);
      this.#running.set(meeting, child);
      isSpawned = true;
      const forget = (): void => {
        this.#running.delete(meeting);
        // Whoever waits for it reads its last words first.
        setTimeout(cleanUp, 5_000).unref();
      };
      child.once('close', forget).once('error', forget);
      await this.#untilBegun(child, path.join(transcripts, meeting, journalFileName), errors);
      return meeting;
    } catch (error) {
      if (!isSpawned) cleanUp();
      throw error;
    }
  }

  #spawn(args: readonly string[], errors: string): ChildProcess {
    const { cwd, env } = this.#where;
    // A file stays when this server is gone; a pipe would end those who write into it.
    const stderr = openSync(errors, 'w', 0o600);
    try {
      const child = spawn(process.execPath, [programPath, ...args], {
        cwd,
        env: { ...env, NO_COLOR: '1' },
        detached: true,
        stdio: ['ignore', 'ignore', stderr],
      });
      child.unref();
      return child;
    } finally {
      closeSync(stderr);
    }
  }

  async #untilBegun(child: ChildProcess, journal: string, errors: string): Promise<void> {
    const end = performance.now() + beginMs;
    while (!(await isThere(journal))) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
        // It may have been over before anybody looked.
        if (await isThere(journal)) return;
        throw new HttpError(400, 'cannot-start', await lastWords(errors));
      }
      if (performance.now() > end) {
        child.kill('SIGTERM');
        throw new ColloquyError(`the meeting has not begun within ${beginMs / 1_000} s`, {
          code: 'start-late',
        });
      }
      await sleep(lookMs);
    }
  }
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    ({ size }) => size > 0,
    () => false,
  );
}

/** What the process said before it left. */
async function lastWords(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const start = lines.findLastIndex((line) => line.startsWith('colloquy: '));
  const words = start < 0 ? (lines.at(-1) ?? '') : lines.slice(start).join('\n').slice('colloquy: '.length);
  return words === '' ? 'the meeting could not begin, and nobody said why' : words.slice(0, 4_000);
}
