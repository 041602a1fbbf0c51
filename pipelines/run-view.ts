import { findPrice, type PriceList } from '../config/prices.ts';
import { costOf, formatCost, isFree, freePrice } from '../journal/cost.ts';
import { formatNumber, formatSeconds } from '../journal/render/sentences.ts';
import type { Usage } from '../wire/types.ts';
import { addUsage } from '../wire/usage.ts';
import type { Exchange } from './module.ts';
import type { Step } from './pipeline.ts';
import type { RunFolder } from './run-folder.ts';
import type { KeptExchange, RunRecord, StepRecord } from './run-records.ts';

/** How far a step is. `blocked`: the run has ended, and what it needs is missing. */
export type StepState = 'waiting' | 'running' | 'interrupted' | 'done' | 'skipped' | 'failed' | 'blocked';

/** What models took. */
export interface Spending {
  readonly usage?: Usage;
  /** US dollars, as far as prices are known. */
  readonly cost: number;
  /** Nobody knows the price of some of it. */
  readonly isCostPartial: boolean;
}

export interface StepView {
  readonly step: Step;
  readonly state: StepState;
  readonly record: StepRecord | undefined;
  readonly output: string;
  readonly exchanges: readonly KeptExchange[];
  readonly spending: Spending;
}

/** A run as its folder tells it. */
export interface RunView {
  readonly run: RunRecord;
  readonly folder: string;
  readonly isRunning: boolean;
  readonly steps: readonly StepView[];
  readonly spending: Spending;
}

/** `isRunning`: a process is at work in it. Throws ColloquyError `no-run` where there is none. */
export function readRunView(
  folder: RunFolder,
  steps: readonly Step[],
  { prices, isRunning }: { readonly prices: PriceList; readonly isRunning: boolean },
): RunView {
  const run = folder.readRun();
  const views = steps.map((step): StepView => {
    const kept = folder.readStep(step.output_name);
    const exchanges = folder.readExchanges(step.output_name);
    return {
      step,
      state: stateOf(kept?.record, isRunning, run),
      record: kept?.record,
      output: kept?.output ?? '',
      exchanges,
      spending: spendingOf(exchanges, prices),
    };
  });
  const spending = spendingOf(
    views.flatMap(({ exchanges }) => exchanges),
    prices,
  );
  return { run, folder: folder.folder, isRunning, steps: views, spending };
}

export function spendingOf(
  exchanges: readonly Pick<Exchange, 'service' | 'model' | 'usage'>[],
  prices: PriceList,
): Spending {
  let usage: Usage | undefined;
  let cost = 0;
  let isCostPartial = false;
  for (const { service, model, usage: more } of exchanges) {
    if (!more) continue;
    usage = addUsage(usage, more);
    const price = findPrice(prices, service, model) ?? (isFree(service) ? freePrice : undefined);
    if (price) cost += costOf(more, price);
    else if (more.input + more.output > 0) isCostPartial = true;
  }
  return { ...(usage ? { usage } : {}), cost, isCostPartial };
}

/** "1,204 tokens read, 310 written, $0.0042"; empty where no model was asked. */
export function describeSpending({ usage, cost, isCostPartial }: Spending): string {
  if (!usage || usage.input + usage.output === 0) return '';
  const cached = usage.cached > 0 ? ` (${formatNumber(usage.cached)} from cache)` : '';
  const tokens = `${formatNumber(usage.input)} tokens read${cached}, ${formatNumber(usage.output)} written`;
  if (isCostPartial && cost === 0) return `${tokens}, cost unknown`;
  return `${tokens}, ${formatCost(cost)}${isCostPartial ? ' and what has no known price' : ''}`;
}

/** "done", with what it took where that is known. */
export function describeState({ state, record }: Pick<StepView, 'state' | 'record'>): string {
  if (state === 'done' && record?.fromCache) return 'as in an earlier run';
  if (state === 'done' && record) return `done in ${formatSeconds(record.ms)}`;
  return stateWords[state];
}

const stateWords: { readonly [state in StepState]: string } = {
  waiting: 'not begun',
  running: 'at work',
  interrupted: 'interrupted',
  done: 'done',
  skipped: 'skipped',
  failed: 'failed',
  blocked: 'not run',
};

/** Beside the words, for those who see no colour. */
export const stateSigns: { readonly [state in StepState]: string } = {
  waiting: '○',
  running: '…',
  interrupted: '‖',
  done: '✓',
  skipped: '–',
  failed: '✗',
  blocked: '○',
};

function stateOf(record: StepRecord | undefined, isRunning: boolean, run: RunRecord): StepState {
  if (!record) return isRunning || run.endedAt === undefined ? 'waiting' : 'blocked';
  return record.state === 'running' && !isRunning ? 'interrupted' : record.state;
}
