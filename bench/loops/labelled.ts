import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../config/paths.ts';
import type { HeardTurn } from '../../proxy/loops/evidence.ts';

/** A conversation of the labelled set. */
export interface Labelled {
  readonly id: string;
  readonly languages: string;
  /** The turn after which a reader would stop it; undefined where it is healthy. */
  readonly loopsAt: number | undefined;
  readonly turns: readonly HeardTurn[];
}

/**
 * Reads `bench/loops/PART.txt`: a heading `# id | languages | healthy` or `… | loop TURN`, then a turn a line,
 * the seats in turn. `\n` is a newline, `(empty)` a turn without a word, `= 2 x6` the last two turns six times
 * more. Throws with the line that cannot be read.
 */
export function readLabelled(part: 'tune' | 'report'): Labelled[] {
  const file = path.join(packageRoot, 'bench', 'loops', `${part}.txt`);
  const conversations: Labelled[] = [];
  let turns: HeardTurn[] = [];
  const say = (text: string): void => {
    turns.push({ seat: turns.length % 2 === 0 ? 'a' : 'b', turn: turns.length + 1, text });
  };
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    const where = `${file}:${index + 1}`;
    if (line.startsWith('# ')) conversations.push({ ...parseHeading(line, where), turns: (turns = []) });
    else if (line.startsWith('= ')) repeated(turns, line, where).forEach(say);
    else if (line.trim() !== '') say(line === '(empty)' ? '' : line.replaceAll('\\n', '\n'));
  }
  return conversations;
}

function parseHeading(line: string, where: string): Omit<Labelled, 'turns'> {
  const [, id, languages, label] = /^# ([\w-]+) \| ([\w,]+) \| (healthy|loop \d+)$/.exec(line) ?? [];
  if (id === undefined || languages === undefined || label === undefined) {
    throw new Error(`${where}: a heading is "# id | language | healthy" or "… | loop TURN"`);
  }
  return { id, languages, loopsAt: label === 'healthy' ? undefined : Number(label.slice('loop '.length)) };
}

function repeated(turns: readonly HeardTurn[], line: string, where: string): string[] {
  const [, count, times] = /^= (\d+) x(\d+)$/.exec(line) ?? [];
  if (count === undefined || times === undefined) throw new Error(`${where}: repeating is "= TURNS xTIMES"`);
  const last = turns.slice(-Number(count)).map(({ text }) => text);
  return Array.from({ length: Number(times) }, () => last).flat();
}
