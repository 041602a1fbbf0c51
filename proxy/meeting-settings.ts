import { findPrice, type PriceList } from '../config/prices.ts';
import { priceOfSeat, priceOfTranslator } from '../journal/cost.ts';
import type { ExecutionSettings, MeetingSettings, TranslationSettings } from '../journal/event.ts';
import { seats, type Participant, type Seat } from '../wire/types.ts';

type Participants = { readonly [seat in Seat]: Participant };

/** The settings of one meeting, as its journal gets them: with the prices that are in force for its two. */
export function meetingSettingsOf(
  settings: MeetingSettings,
  priceList: PriceList | undefined,
  participants: Participants,
  {
    execution,
    translation,
  }: {
    readonly execution: ExecutionSettings | undefined;
    readonly translation: TranslationSettings | undefined;
  },
): MeetingSettings {
  const { hello, first, maxMessages, maxSeconds, maxTokens, maxCost, idleSeconds, tellTurnsLeft } = settings;
  const billed = { ...participants, ...(translation ? { translator: translation } : {}) };
  const prices = Object.fromEntries(
    Object.entries(billed).flatMap(([who, { provider, model }]) => {
      const price = priceList && findPrice(priceList, provider, model);
      return price ? [[who, price] as const] : [];
    }),
  );
  return {
    hello,
    first,
    maxMessages,
    maxSeconds,
    ...(maxTokens ? { maxTokens } : {}),
    ...(maxCost ? { maxCost } : {}),
    ...(idleSeconds ? { idleSeconds } : {}),
    ...(tellTurnsLeft ? { tellTurnsLeft } : {}),
    ...(Object.keys(prices).length > 0 ? { prices } : {}),
    ...(execution ? { execution } : {}),
    ...(translation ? { translation } : {}),
  };
}

/** Why a limit of the cost cannot be kept: nobody knows what a model charges. Undefined where it can. */
export function whyCostIsUnknown(settings: MeetingSettings, participants: Participants): string | undefined {
  if (!settings.maxCost) return undefined;
  const unknown = seats.flatMap((seat) => {
    const { provider, model } = participants[seat];
    // Who names no provider, somebody with nc, reports no tokens either.
    if (provider === undefined || priceOfSeat(settings, participants, seat)) return [];
    return [`${[provider, model].filter(Boolean).join(' ')} (seat ${seat})`];
  });
  const { translation } = settings;
  if (translation && !priceOfTranslator(settings)) {
    unknown.push(`${translation.provider} ${translation.model} (who translates)`);
  }
  if (unknown.length === 0) return undefined;
  return `max_cost cannot be kept, since no price is known for ${unknown.join(' and ')}: add it to config/prices.yml`;
}
