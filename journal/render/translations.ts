import type { Entry, TranslationTotals } from '../conversation.ts';
import { englishLanguageName } from '../../wire/language.ts';
import { formatNumber, formatSeconds } from './sentences.ts';
import { visibleLine } from './visible-controls.ts';

export type TranslationEntry = Extract<Entry, { type: 'translation' }>;

type Shown = Pick<TranslationEntry, 'turn' | 'to' | 'ms' | 'failed'>;

/**
 * "In Greek, 1.2 s later", above the words; "turn 3" goes ahead where another turn came between. Where there
 * are no other words, why. On one line, and free of control characters.
 */
export function translationTitle({ turn, to, ms, failed }: Shown, lastTurn = turn): string {
  const where = turn === lastTurn ? '' : `Turn ${turn}: `;
  const language = visibleLine(englishLanguageName(to));
  return failed === undefined
    ? `${where}In ${language}, ${formatSeconds(ms)} later`
    : `${where}Not translated into ${language}, ${formatSeconds(ms)} later: ${visibleLine(failed)}`;
}

/** "8 turns translated, 1 not; 1.3 s a turn; 1,200 tokens read, 640 written", empty where there were none. */
export function describeTranslations(totals: TranslationTotals | undefined): string {
  if (!totals) return '';
  const { turns, failed, ms, usage } = totals;
  const done = turns - failed;
  const counts = `${done === 1 ? '1 turn' : `${formatNumber(done)} turns`} translated`;
  const facts = [
    failed === 0 ? counts : `${counts}, ${formatNumber(failed)} not`,
    `${formatSeconds(ms / turns)} a turn`,
  ];
  if (usage && usage.input + usage.output > 0) {
    facts.push(`${formatNumber(usage.input)} tokens read, ${formatNumber(usage.output)} written`);
  }
  return facts.join('; ');
}
