import path from 'node:path';
import { packageRoot } from '../../config/paths.ts';
import { createSpeakerProvider, type Pace } from '../eliza/speaker.ts';
import { Parry } from '../parry/parry.ts';
import { loadParryScript } from '../parry/script.ts';
import type { Provider } from '../provider.ts';
import { seededRandom } from '../random.ts';

interface ParryOptions extends Pace {
  /** A script in YAML; nothing: the one that comes with the program. */
  readonly script?: string | undefined;
  /** Asked once, for a seed: the same conversation then always goes the same way. */
  readonly random?: (() => number) | undefined;
}

/** A suspicious man as a provider. Throws ColloquyError `bad-script`, `path:line:column` first. */
export function createParry(options: ParryOptions = {}): Provider {
  const file = options.script ?? path.join(packageRoot, 'agents', 'parry', 'scripts', 'parry.yml');
  const script = loadParryScript(file);
  const seed = (options.random ?? Math.random)() * 2 ** 32;
  const createSpeaker = () => {
    const parry = new Parry(script, seededRandom(seed));
    return {
      open: () => parry.open(),
      answer: (text: string) => parry.answer(text),
      takeLeave: () => parry.takeLeave(),
      explain: () => script.about,
      remember: (reply: string) => parry.remember(reply),
    };
  };
  return createSpeakerProvider({ name: 'parry', model: path.parse(file).name, createSpeaker, pace: options });
}
