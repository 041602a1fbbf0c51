import { formatCost } from '../journal/cost.ts';
import { formatNumber } from '../journal/render/sentences.ts';
import { renderColumns } from '../journal/render/usage-cells.ts';
import { visibleLine } from '../journal/render/visible-controls.ts';
import { seats } from '../wire/types.ts';
import {
  estimate,
  messagesUntil,
  type Assumptions,
  type Estimate,
  type ExpectedSpeakers,
} from './estimate.ts';

export interface ExpectedMeeting {
  readonly speakers: ExpectedSpeakers;
  readonly assumptions: Assumptions;
  /** 0: no limit. */
  readonly limits: { readonly maxMessages: number; readonly maxTokens: number; readonly maxCost: number };
}

/** Everything that is known before a meeting of what it will take. */
export function renderEstimate({ speakers, assumptions, limits }: ExpectedMeeting): string {
  const { messages, turnTokens } = assumptions;
  if (!seats.some((seat) => speakers[seat].countsTokens)) {
    return 'No model is asked: this meeting reads no tokens, and costs nothing that could be counted.\n';
  }
  const expected = estimate(speakers, assumptions);
  const twice = estimate(speakers, { ...assumptions, messages: 2 * messages });
  const rows = seats.map((seat) => {
    const { name, provider, model, countsTokens } = speakers[seat];
    const { input, cached, output } = expected.usage[seat];
    const cells = countsTokens ? [input, cached, output].map(formatNumber) : ['–', '–', '–'];
    const by = [...new Set([provider, model].filter(Boolean))].join(' ');
    return [
      visibleLine(name),
      visibleLine(by),
      ...cells,
      costOf(expected.cost[seat]),
      costOf(expected.uncachedCost[seat]),
    ];
  });
  const assumed = limits.maxMessages === 0 ? 'without a limit; the first ' : '';
  const table = renderColumns(
    [['Speaker', 'Model', 'Tokens in', 'Cached', 'Out', 'Cost', 'Without caching'], ...rows],
    2,
  );
  const sentences = [
    `Each message reads all that was said before it: ${formatNumber(2 * messages)} messages would be ${sumOf(twice)}.`,
    ...endings({ speakers, assumptions, limits }),
    ...unknownPrices(speakers),
    ...pricesOf(speakers),
  ];
  return `Expected, ${assumed}${formatNumber(messages)} messages of about ${turnTokens} tokens: ${sumOf(expected)}.\n\n${table}\n${sentences.join('\n')}\n`;
}

/** The same in a line, for a meeting that begins. */
export function renderExpectation({ speakers, assumptions, limits }: ExpectedMeeting): string {
  const expected = sumOf(estimate(speakers, assumptions));
  const unlimited = limits.maxMessages === 0 ? `the first ${assumptions.messages} messages are ` : '';
  return [`Expected: ${unlimited}${expected} (--estimate says more).`, ...unknownPrices(speakers)].join('\n');
}

/** "about 24,000 tokens read, 2,400 written, $0.0512". */
function sumOf({ usage, cost }: Estimate): string {
  const read = usage.a.input + usage.b.input;
  const written = usage.a.output + usage.b.output;
  const isKnown = cost.a !== undefined && cost.b !== undefined;
  const known = (cost.a ?? 0) + (cost.b ?? 0);
  const dollars = isKnown
    ? formatCost(known)
    : known > 0
      ? `${formatCost(known)} and more`
      : 'at unknown cost';
  return `about ${formatNumber(round(read))} tokens read, ${formatNumber(round(written))} written, ${dollars}`;
}

/** Two digits: more would claim to know more. */
function round(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return Math.round(value / unit) * unit;
}

function endings({ speakers, assumptions, limits }: ExpectedMeeting): string[] {
  const { maxTokens, maxCost } = limits;
  const found = [
    { name: `--max-tokens ${maxTokens}`, at: messagesUntil({ tokens: maxTokens }, speakers, assumptions) },
    { name: `--max-cost ${maxCost}`, at: messagesUntil({ cost: maxCost }, speakers, assumptions) },
  ];
  return found.flatMap(({ name, at }) =>
    at === undefined
      ? []
      : [`${name} is expected to end it after ${at} ${at === 1 ? 'message' : 'messages'}.`],
  );
}

function unknownPrices(speakers: ExpectedSpeakers): string[] {
  const models = seats.flatMap((seat) => {
    const { provider, model, price } = speakers[seat];
    return price ? [] : [visibleLine([provider, model].filter(Boolean).join(' '))];
  });
  if (models.length === 0) return [];
  const names = [...new Set(models)].join(' and ');
  return [`No price is known for ${names}, whose cost is not counted: add it to config/prices.yml.`];
}

function pricesOf(speakers: ExpectedSpeakers): string[] {
  const days = seats.flatMap((seat) => speakers[seat].price?.asOf ?? []).sort();
  return days[0] === undefined ? [] : [`Prices of ${days[0]}; compare config/prices.yml with its sources.`];
}

function costOf(dollars: number | undefined): string {
  return dollars === undefined ? 'unknown' : formatCost(dollars);
}
