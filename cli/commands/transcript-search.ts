import type { CommandModule, InferredOptionTypes } from 'yargs';
import { UsageError } from '../failure.ts';
import { takingMany } from '../many.ts';
import { folderFlag, resolveFolder } from '../meeting-folder.ts';
import { parseSince } from '../since.ts';

const flags = {
  ...folderFlag,
  speaker: { type: 'string', describe: 'Only what was said by this one: a part of the name, or a or b' },
  since: { type: 'string', describe: 'Only what was said since: 2026-11-01, 2026-11-01T12:00, or 7d, 12h' },
  limit: { type: 'number', default: 50, describe: 'So many turns at most; 0: all' },
  regex: { type: 'boolean', describe: 'The words are regular expressions of JavaScript' },
  json: { type: 'boolean', describe: 'One JSON object a line, for programs' },
} as const;

type Flags = InferredOptionTypes<typeof flags> & { words: string[] };

export const searchCommand: CommandModule<object, Flags> = {
  command: 'search <words..>',
  describe: 'Find turns in all meetings, the latest meeting first; all words must occur in one turn',
  builder: (cli) =>
    takingMany(cli)
      .positional('words', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'What was said; quote what belongs together',
      })
      .options(flags),
  handler: runSearch,
};

async function runSearch(argv: Flags): Promise<void> {
  const { createQuery } = await import('../../journal/search-query.ts');
  const { searchMeetings } = await import('../../journal/search.ts');
  const { visibleLine } = await import('../../journal/render/visible-controls.ts');
  const { renderHit } = await import('../search-hit.ts');
  const { limit } = argv;
  if (!Number.isInteger(limit) || limit < 0) throw new UsageError('--limit takes a number of turns; 0: all');
  // A number is a word like any other, and yargs makes numbers of them.
  const query = createQuery(argv.words.map(String), argv.regex);
  const enough = new AbortController();
  const sinceMs = argv.since === undefined ? undefined : parseSince(argv.since, Date.now());
  const options = { speaker: argv.speaker, sinceMs, signal: enough.signal };
  const { isTTY, columns } = process.stdout;
  const look = { color: isTTY === true, width: columns ?? 100 };
  let meetings = 0;
  let turns = 0;
  let more = false;
  for await (const { hits, problem } of searchMeetings(await resolveFolder(argv), query, options)) {
    if (problem !== undefined) process.stderr.write(`${visibleLine(problem)}\n`);
    if (hits.length === 0 || more) continue;
    meetings++;
    for (const hit of hits) {
      if (limit > 0 && turns === limit) {
        more = true;
        enough.abort();
        break;
      }
      turns++;
      const { meeting, turn, seat, name, t, text } = hit;
      const line = argv.json ? JSON.stringify({ meeting, turn, seat, name, t, text }) : renderHit(hit, look);
      process.stdout.write(`${line}\n`);
    }
  }
  if (!argv.json) process.stdout.write(`${describe(turns, meetings, more)}\n`);
}

function describe(turns: number, meetings: number, more: boolean): string {
  if (turns === 0) return 'Nothing found.';
  const found = `${turns === 1 ? '1 turn' : `${turns} turns`} in ${meetings === 1 ? '1 meeting' : `${meetings} meetings`}`;
  return more ? `${found}, and there are more: --limit 0 shows all.` : `${found}.`;
}
