import type { LoopSettings, MeetingSettings } from '../journal/event.ts';
import { seats, type Participant, type Seat } from '../wire/types.ts';
import type { Attention } from './attention.ts';

/** `auto`: where a model talks, and in the case of loops no person. */
export type Switch = 'auto' | 'on' | 'off';

export interface WatchfulnessSettings {
  readonly loops: { readonly enabled: Switch } & LoopSettings;
  readonly flags: Switch;
}

type Watched = Pick<MeetingSettings, 'loops' | 'flags'>;
type Participants = { readonly [seat in Seat]: Participant };

/** Who may collapse, and be taken at its word: the built-in speakers, scripts and raw connections may not. */
const modelProviders: ReadonlySet<string> = new Set(['openai', 'anthropic', 'ollama', 'lmstudio', 'command']);

/**
 * Decides which meetings are read along with, and loads what reads only when the first of them comes: a relay
 * that only passes messages on starts without it.
 */
export class Watchfulness {
  readonly #settings: WatchfulnessSettings | undefined;
  #create: ((settings: Watched, participants: Participants) => Attention) | undefined;

  constructor(settings: WatchfulnessSettings | undefined) {
    this.#settings = settings;
  }

  /** What the journal of a meeting of these two says about it. */
  settingsFor(participants: Participants): Watched {
    if (!this.#settings) return {};
    const { loops, flags } = this.#settings;
    const { enabled, ...settings } = loops;
    const hasModel = seats.some((seat) => isModel(participants[seat]));
    const hasPerson = seats.some((seat) => participants[seat].provider === 'human');
    return {
      ...(isOn(enabled, hasModel && !hasPerson) ? { loops: settings } : {}),
      ...(isOn(flags, hasModel) ? { flags: true } : {}),
    };
  }

  /** Whether `load` must have resolved before this one may sit down. */
  needsLoading(participant: Participant): boolean {
    if (!this.#settings || this.#create) return false;
    const { loops, flags } = this.#settings;
    return [loops.enabled, flags].some((one) => isOn(one, isModel(participant)));
  }

  async load(): Promise<void> {
    if (this.#create) return;
    const [{ Attention }, { francAll }] = await Promise.all([import('./attention.ts'), import('franc')]);
    this.#create = (settings, participants) => new Attention(settings, participants, francAll);
  }

  /** Undefined where nobody reads along with such a meeting. */
  attentionFor(settings: Watched, participants: Participants): Attention | undefined {
    return settings.loops || settings.flags ? this.#create?.(settings, participants) : undefined;
  }
}

function isOn(one: Switch, automatic: boolean): boolean {
  return one === 'on' || (one === 'auto' && automatic);
}

function isModel({ provider }: Participant): boolean {
  return provider !== undefined && modelProviders.has(provider);
}
