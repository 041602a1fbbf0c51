import { findPrice, loadPrices } from '../config/prices.ts';
import type { ProxyConfig } from '../config/schema.ts';
import { freePrice, isFree } from '../journal/cost.ts';
import { seats, type Seat } from '../wire/types.ts';
import { loadSettings } from './commands/agent.ts';
import type { ExpectedSpeaker, ExpectedSpeakers } from './estimate.ts';
import type { ExpectedMeeting } from './estimate-view.ts';
import { UsageError } from './failure.ts';

/** Two to five sentences, as the personas are told. */
const usualTurnTokens = 120;

/** As an example, where a meeting has no limit. */
const exampleMessages = 100;

/**
 * Who will speak, with which model at which price. `agentArgs`: what the agents are started with. Rejects with
 * ConfigError, and with UsageError where the cost has a limit and cannot be counted.
 */
export async function expectMeeting(
  config: ProxyConfig,
  agentArgs: { readonly [seat in Seat]: readonly string[] },
  turnTokens = usualTurnTokens,
): Promise<ExpectedMeeting> {
  if (!(turnTokens >= 1)) throw new UsageError('--turn-tokens must be a number of tokens, 1 or more');
  const prices = loadPrices({
    cwd: process.cwd(),
    ...(config.prices === undefined ? {} : { file: config.prices }),
  });
  const speakerOf = async (seat: Seat): Promise<ExpectedSpeaker> => {
    const { persona, config } = await loadSettings(readArguments(agentArgs[seat]));
    const provider = config.service;
    const model = 'model' in config ? config.model : '';
    const price = findPrice(prices, provider, model) ?? (isFree(provider) ? freePrice : undefined);
    const maxReplyTokens = 'max_tokens' in config ? config.max_tokens : undefined;
    return {
      name: persona.name,
      provider,
      model,
      system: persona.text,
      countsTokens: 'model' in config,
      hasOpening: persona.opening !== undefined,
      ...(maxReplyTokens === undefined ? {} : { maxReplyTokens }),
      ...(price ? { price } : {}),
    };
  };
  const speakers = { a: await speakerOf('a'), b: await speakerOf('b') };
  refuseUnknownCost(config, speakers);
  return {
    speakers,
    assumptions: {
      messages: config.max_messages || exampleMessages,
      turnTokens,
      first: config.first === 'b' ? 'b' : 'a',
    },
    limits: {
      maxMessages: config.max_messages,
      maxTokens: config.max_tokens,
      maxCost: config.max_cost,
    },
  };
}

/** A limit that cannot be kept is no limit. */
function refuseUnknownCost({ max_cost: maxCost }: ProxyConfig, speakers: ExpectedSpeakers): void {
  const unknown = seats.find((seat) => speakers[seat].price === undefined);
  if (maxCost === 0 || unknown === undefined) return;
  const { provider, model } = speakers[unknown];
  const name = [provider, model].filter(Boolean).join(' ');
  throw new UsageError(
    `--max-cost cannot be kept, since no price is known for ${name} (seat ${unknown}): add it to config/prices.yml (docs/budgets.md)`,
  );
}

/** What an agent's arguments say of its persona and its service. */
function readArguments([, persona = '', ...args]: readonly string[]): Parameters<typeof loadSettings>[0] {
  const given = new Map(args.map((arg) => [arg.slice(2, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)]));
  const text = (name: string): string | undefined => given.get(name);
  return {
    persona,
    service: text('service') as Parameters<typeof loadSettings>[0]['service'],
    config: text('config'),
    model: text('model'),
    script: text('script'),
    replies: text('replies'),
    command: text('command'),
  };
}
