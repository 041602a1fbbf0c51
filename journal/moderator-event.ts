import type { Seat, SpokenVerb } from '../wire/types.ts';

/** What a moderator does. */
const deeds = [
  'pause',
  'resume',
  'step',
  'whisper',
  'say',
  'limits',
  'take',
  'give',
  'goodbye',
  'stop',
] as const;
/** What follows from it: a message had to wait, could go on, or was not passed on at all. */
const consequences = ['held', 'released', 'withheld'] as const;
export const moderatorActions = [...deeds, ...consequences] as const;

/** Something that a moderator did, or that came of it. */
export interface ModeratorEvent {
  readonly type: 'moderator';
  readonly action: (typeof moderatorActions)[number];
  /** Whom it concerns; absent for the whole meeting. Of `held`, `released` and `withheld`: who wrote it. */
  readonly seat?: Seat;
  /** What was whispered or said, or withheld. */
  readonly text?: string;
  /** The control word of what was withheld. */
  readonly control?: SpokenVerb;
  /** Of `held` and `released`: the message. 0 for a control word that came alone. */
  readonly turn?: number;
  /** Of `limits`: those that changed, under their names in the settings of the meeting; 0: no limit. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly detail?: string;
}

/** Whether a reader of the conversation is shown it: what is held and let go is only the relay's bookkeeping. */
export function isShown({ action }: Pick<ModeratorEvent, 'action'>): boolean {
  return action !== 'held' && action !== 'released';
}

/** What a seat is told that a moderator whispers to, or says something to both; undefined for the rest. */
export function moderatorNote({
  action,
  text = '',
}: Pick<ModeratorEvent, 'action' | 'text'>): string | undefined {
  if (action === 'whisper') return `The moderator tells you alone: ${text}`;
  return action === 'say' ? `The moderator says to you both: ${text}` : undefined;
}
