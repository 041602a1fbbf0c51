import { serviceNames } from '../config/service-names.ts';
import type { Participant } from '../wire/types.ts';

/** What stands for all that came too late to have a label of its own. */
const other = 'other';

/** Far more models than anybody compares, and few enough for any Prometheus. */
const mostModels = 50;
const longestModel = 100;

const knownProviders: ReadonlySet<string> = new Set([...serviceNames, 'human']);

export interface SpeakerLabels {
  readonly provider: string;
  readonly model: string;
}

/**
 * Labels for those who speak. Whoever connects may name any provider and any model, and each name would be a time
 * series for ever: of models the first ones have a label, of providers those that this program knows.
 */
export class BoundedLabels {
  readonly #models = new Set<string>();

  speaker({ provider, model }: Pick<Participant, 'provider' | 'model'>): SpeakerLabels {
    return {
      provider: provider === undefined ? 'none' : knownProviders.has(provider) ? provider : other,
      model: model === undefined || model === '' ? 'none' : this.#model(model),
    };
  }

  #model(model: string): string {
    const name = model.slice(0, longestModel);
    if (this.#models.has(name)) return name;
    if (this.#models.size >= mostModels) return other;
    this.#models.add(name);
    return name;
  }
}
