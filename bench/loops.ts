import { parseArgs } from 'node:util';
import { proxySchema } from '../config/schema.ts';
import { LoopDetector } from '../proxy/loops/detector.ts';
import type { LoopEvidence } from '../proxy/loops/evidence.ts';
import { toLoopSettings } from '../proxy/loops/settings.ts';
import { readLabelled, type Labelled } from './loops/labelled.ts';
import { printTable } from './relay/figures.ts';

// How often the loop detector is right, on conversations that were labelled by hand (bench/loops/*.txt). The
// part `tune` may be looked at while the rules change; `report` may not, and is what counts.
const { values } = parseArgs({
  options: { part: { type: 'string', multiple: true }, verbose: { type: 'boolean', default: false } },
});
const parts = (['tune', 'report'] as const).filter((part) => values.part?.includes(part) ?? true);
const header = ['part', 'conversations', 'looping', 'precision', 'recall', 'turns late: median', 'most'];
const settings = toLoopSettings(proxySchema.parse({}).loops);
const rows: string[][] = [];
const remarks: string[] = [];

for (const part of parts) {
  const verdicts = readLabelled(part).map(judge);
  const looping = verdicts.filter(({ conversation }) => conversation.loopsAt !== undefined);
  const ended = verdicts.filter(({ evidence }) => evidence);
  const right = looping.filter(({ evidence }) => evidence);
  const delays = right.map(({ delay }) => delay).sort((one, other) => one - other);
  rows.push([
    part,
    String(verdicts.length),
    String(looping.length),
    ratio(right.length, ended.length),
    ratio(right.length, looping.length),
    String(delays[Math.floor(delays.length / 2)] ?? 0),
    String(delays.at(-1) ?? 0),
  ]);
  for (const { conversation, evidence, delay } of verdicts) {
    const { id, loopsAt } = conversation;
    if (loopsAt !== undefined && !evidence) remarks.push(`${part}: missed ${id}`);
    if (loopsAt === undefined && evidence) remarks.push(`${part}: wrong about ${id}: ${evidence.sentence}`);
    if (values.verbose && loopsAt !== undefined && evidence) {
      remarks.push(`${part}: ${id}, ${delay} after turn ${loopsAt}: ${evidence.kind}, ${evidence.sentence}`);
    }
  }
}
printTable(header, rows);
console.log(['', ...remarks].join('\n'));

interface Verdict {
  readonly conversation: Labelled;
  readonly evidence: LoopEvidence | undefined;
  /** In turns, negative where it spoke up before a reader would have. */
  readonly delay: number;
}

function judge(conversation: Labelled): Verdict {
  const detector = new LoopDetector(settings);
  for (const turn of conversation.turns) {
    const evidence = detector.hear(turn);
    if (evidence) return { conversation, evidence, delay: turn.turn - (conversation.loopsAt ?? 0) };
  }
  return { conversation, evidence: undefined, delay: 0 };
}

function ratio(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)}% (${part} of ${whole})`;
}
