/** What becomes of one seat in the course of its meeting. */
export interface Fate {
  /** Its chances at each message it hears. */
  readonly freeze: number;
  readonly cut: number;
  /** After so many messages heard it dies for good, or leaves, or ends the meeting; 0: never. */
  readonly diesAfter: number;
  readonly leavesAfter: number;
}

/** How a meeting is meant to go. */
export interface MeetingPlan {
  readonly id: string;
  /** `talk`: each answers the other. `flood`: A says all it has at once. `agents`: as talk, by real agents. */
  readonly kind: 'talk' | 'flood' | 'agents';
  /** How many messages there are to be, before A ends it. */
  readonly messages: number;
  readonly fates: { readonly a: Fate; readonly b: Fate };
}

const peaceful: Fate = { freeze: 0, cut: 0, diesAfter: 0, leavesAfter: 0 };

export function planMeeting(number: number, random: () => number): MeetingPlan {
  const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  const kind = random() < 0.1 ? 'agents' : random() < 0.05 ? 'flood' : 'talk';
  const restless = {
    ...peaceful,
    freeze: kind === 'flood' ? 0.002 : 0.02,
    cut: kind === 'flood' ? 0.001 : 0.03,
  };
  const messages = kind === 'flood' ? 2_000 : between(10, 80);
  const end = random();
  const early = between(3, 9);
  const b: Fate =
    end < 0.04
      ? { ...restless, diesAfter: early }
      : end < 0.08
        ? { ...restless, leavesAfter: early }
        : restless;
  return { id: `soak-${number}`, kind, messages, fates: { a: restless, b } };
}

/** How long a seat thinks before it answers, and a frozen one stands still, and a lost one stays away. */
export const thinkMs = [50, 350] as const;
export const frozenMs = [200, 3_000] as const;
export const awayMs = [5, 1_500] as const;
