import type { SpeechConfig } from '../config/schema.ts';
import { visibleControls } from '../journal/render/visible-controls.ts';
import type { Viewer } from '../proxy/viewer.ts';
import type { Engine, EngineSettings } from '../speech/engines.ts';
import type { ReadingStyle } from '../speech/plain-speech.ts';
import type { Speaker, SpokenTurn } from '../speech/speaker.ts';
import type { Casting } from '../speech/voices.ts';
import type { ProxyFrame } from '../wire/message.ts';

/** The flag of every command that shows what is said as it is said. */
export const speakFlag = {
  speak: { type: 'boolean', describe: 'Read the turns aloud as they come (docs/speech.md)' },
} as const;

/** Turns that are read aloud beside all else. */
export interface Reading {
  readonly watch: Viewer;
  /** For a person on a seat: reads what the partner says, who is taken to speak `lang` if nothing else is known. */
  ofPartner(own: { readonly lang?: string | undefined }): (frame: ProxyFrame) => void;
  /** Falls silent. */
  cut(): void;
  /** Resolves when all that was said is read, or cut. Never rejects: a meeting does not fail for it. */
  finish(): Promise<void>;
}

interface ReadingOptions {
  /** Settings file of the proxy; the usual one if undefined. */
  readonly config?: string | undefined;
  /** Tells the person what goes wrong, in one sentence; without it, on stderr. */
  readonly onNotice?: (message: string) => void;
}

/** Rejects with ColloquyError `no-speech` where nothing can speak, and with ConfigError. */
export async function startReading({ config, onNotice = tell }: ReadingOptions): Promise<Reading> {
  const { createFrameReader, createSpeakingViewer } = await import('../speech/speaking-viewer.ts');
  const { canonicalLanguage } = await import('../speech/voices.ts');
  const { findEngine } = await import('../speech/engines.ts');
  const { guessLanguage } = await import('../speech/guess-language.ts');
  const settings = await loadSpeechConfig(config);
  const engine = await findEngine(toEngineSettings(settings), { toFile: false });
  const speaker = await createSpeaker(engine, settings, { onNotice });
  const casting = castingOf(settings);
  return {
    watch: createSpeakingViewer(speaker, casting, guessLanguage),
    ofPartner: ({ lang }) =>
      createFrameReader(
        speaker,
        { ...casting, lang: canonicalLanguage(lang) ?? casting.lang },
        guessLanguage,
      ),
    cut: () => speaker.cut(),
    async finish() {
      const { behind } = speaker;
      if (behind > 0) {
        const turns = behind === 1 ? 'The last turn is' : `${behind} turns are`;
        onNotice(`${turns} still being read aloud; Ctrl-C ends it.`);
      }
      // It has been told as a notice.
      await speaker.finish().catch(() => {});
    },
  };
}

/** One line on stderr. */
export function tell(message: string): void {
  process.stderr.write(`${visibleControls(message)}\n`);
}

/** Rejects with ConfigError. */
export async function loadSpeechConfig(
  file: string | undefined,
  flags: Readonly<Record<string, unknown>> = {},
): Promise<SpeechConfig> {
  const { loadProxyConfig } = await import('../config/load.ts');
  return loadProxyConfig({ file, env: process.env, cwd: process.cwd(), flags }).value.speech;
}

export function toEngineSettings({ engine, command, player, rate }: SpeechConfig): EngineSettings {
  return { engine, command, player, rate };
}

export function castingOf({ voices: names, lang }: SpeechConfig): Casting {
  return { names, lang };
}

export function readingOf({ code, max_characters: maxCharacters }: SpeechConfig): ReadingStyle {
  return { code, maxCharacters };
}

export async function createSpeaker(
  engine: Engine,
  settings: SpeechConfig,
  told: { readonly onNotice: (message: string) => void; readonly onTurn?: (turn: SpokenTurn) => void },
): Promise<Speaker> {
  const { Speaker } = await import('../speech/speaker.ts');
  return new Speaker({
    engine,
    reading: readingOf(settings),
    mostBehind: settings.max_turns_behind,
    ...told,
  });
}
