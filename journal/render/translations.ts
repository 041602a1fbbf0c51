import type { Entry, Outline } from '../conversation.ts';
import { englishLanguageName } from '../../wire/language.ts';
import { describeModel, formatNumber, formatSeconds } from './sentences.ts';
import { visibleLine } from './visible-controls.ts';

export type TranslationEntry = Extract<Entry, { type: 'translation' }>;

type Shown = Pick<TranslationEntry, 'turn' | 'to' | 'ms' | 'failed'>;

/**
 * "In Greek, translated in 1.2 s", above the words; "turn 3" goes ahead where another turn came between. Where there
 * are no other words, why. On one line, and free of control characters.
 */
export function translationTitle({ turn, to, ms, failed }: Shown, lastTurn = turn): string {
  const where = turn === lastTurn ? '' : `Turn ${turn}: `;
  const language = visibleLine(englishLanguageName(to));
  return failed === undefined
    ? `${where}In ${language}, translated in ${formatDelay(ms)}`
    : `${where}Not translated into ${language} (${formatDelay(ms)}): ${visibleLine(failed)}`;
}

/** "8 turns translated by openai gpt-4o-mini, 1 not; 1.3 s a turn; 1,200 tokens read, 640 written", or nothing. */
export function describeTranslations({
  translation,
  settings,
}: Pick<Outline, 'translation' | 'settings'>): string {
  if (!translation) return '';
  const { turns, failed, ms, usage } = translation;
  const done = turns - failed;
  const who = describeModel(settings?.translation ?? {});
  const counts = `${done === 1 ? '1 turn' : `${formatNumber(done)} turns`} translated${who === '' ? '' : ` by ${who}`}`;
  const facts = [
    failed === 0 ? counts : `${counts}, ${formatNumber(failed)} not`,
    `${formatDelay(ms / turns)} a turn`,
  ];
  if (usage && usage.input + usage.output > 0) {
    facts.push(`${formatNumber(usage.input)} tokens read, ${formatNumber(usage.output)} written`);
  }
  return facts.join('; ');
}

/** "340 ms", "1.2 s". */
function formatDelay(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : formatSeconds(ms);
}
