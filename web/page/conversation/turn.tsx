import type { JSX } from 'preact';
import type { Outline } from '../../../journal/conversation.ts';
import { describeInherited } from '../../../journal/render/lineage.ts';
import { writtenByModerator } from '../../../journal/render/moderator-words.ts';
import { describeFinish, formatNumber, formatSeconds, nameOf } from '../../../journal/render/sentences.ts';
import { translationTitle } from '../../../journal/render/translations.ts';
import type { Seat } from '../../../wire/types.ts';
import type { Item, TranslationEntry } from './conversation-model.ts';
import { Time } from './time.tsx';
import { Words } from './words.tsx';

interface TurnProps {
  readonly item: Extract<Item, { type: 'turn' }>;
  readonly outline: Pick<Outline, 'seats' | 'parent'>;
}

export function Turn({ item, outline }: TurnProps): JSX.Element {
  const { entry, translation } = item;
  const { seat, turn, text, meta, control, by, t } = entry;
  const facts = [
    meta?.usage?.output ? `${formatNumber(meta.usage.output)} tokens` : undefined,
    meta?.ms === undefined ? undefined : formatSeconds(meta.ms),
  ].filter((fact) => fact !== undefined);
  const remarks = [
    describeInherited(entry, outline),
    describeFinish(meta?.finish),
    control && `says /${control}`,
    by && writtenByModerator,
  ].filter((remark) => remark !== undefined);
  const isTranslated = translation !== undefined && translation.failed === undefined;
  return (
    <article
      class={`turn ${seat}${isTranslated ? ' translated' : ''}`}
      id={`turn-${turn}`}
      aria-labelledby={`turn-${turn}-by`}
    >
      <header>
        <h2 id={`turn-${turn}-by`}>
          {nameOf(outline.seats, seat)}
          <span class="unseen">, turn {turn}</span>
        </h2>
        <a class="number" href={`#turn-${turn}`} aria-label={`Link to turn ${turn}`}>
          {turn}
        </a>
        {facts.length === 0 ? null : <span>{facts.join(' · ')}</span>}
        <Time iso={t} />
      </header>
      <div class="pair">
        <Words text={text} lang={outline.seats[seat].lang} />
        {translation ? <Translation entry={translation} /> : null}
      </div>
      {remarks.map((remark) => (
        <p class="remark" key={remark}>
          {remark}
        </p>
      ))}
    </article>
  );
}

/** Beside the original, or below it where there is no room. */
function Translation({ entry }: { readonly entry: TranslationEntry }): JSX.Element {
  const title = translationTitle(entry);
  if (entry.failed !== undefined) return <p class="remark">{title}</p>;
  return (
    <section class="translation" aria-label={title}>
      <Words text={entry.text} lang={entry.to} />
      <p class="remark">{title}</p>
    </section>
  );
}

interface LiveTurnProps {
  readonly seat: Seat;
  readonly text: string;
  readonly outline: Pick<Outline, 'seats'>;
}

/** A turn as it is written. Screen readers are told of it when it is whole. */
export function LiveTurn({ seat, text, outline }: LiveTurnProps): JSX.Element {
  return (
    <article class={`turn live ${seat}`} aria-hidden="true">
      <header>
        <h2>{nameOf(outline.seats, seat)}</h2>
        <span>writing</span>
      </header>
      <div class="pair">
        <Words text={text} lang={outline.seats[seat].lang} />
      </div>
    </article>
  );
}
