import path from 'node:path';
import { Eliza } from '../eliza/eliza.ts';
import { doctorPath, loadElizaScript } from '../eliza/load-script.ts';
import { createSpeakerProvider, type Pace } from '../eliza/speaker.ts';
import type { Provider } from '../provider.ts';
import { pick, seededRandom } from '../random.ts';

interface ElizaOptions extends Pace {
  /** A script in YAML or in the list notation of 1966; nothing: the doctor that comes with the program. */
  readonly script?: string | undefined;
  /** Asked once, for a seed: the same conversation then always goes the same way. */
  readonly random?: (() => number) | undefined;
}

/** Weizenbaum's ELIZA as a provider. Throws ColloquyError `bad-script`, `path:line:column` first. */
export function createEliza(options: ElizaOptions = {}): Provider {
  const file = options.script ?? doctorPath;
  const script = loadElizaScript(file);
  const seed = (options.random ?? Math.random)() * 2 ** 32;
  const createSpeaker = () => {
    const random = seededRandom(seed);
    const eliza = new Eliza(script, random);
    return {
      open: () => eliza.said(pick(script.greetings, random) ?? ''),
      answer: (text: string) => eliza.answer(text),
      takeLeave: () => eliza.said(pick(script.goodbyes, random) ?? ''),
      explain: () => script.about,
      remember: (reply: string) => void eliza.said(reply),
    };
  };
  return createSpeakerProvider({ name: 'eliza', model: path.parse(file).name, createSpeaker, pace: options });
}
