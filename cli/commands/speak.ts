import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { SpeechConfig } from '../../config/schema.ts';
import type { Conversation } from '../../journal/conversation.ts';
import { visibleControls } from '../../journal/render/visible-controls.ts';
import type { SpokenTurn } from '../../speech/speaker.ts';
import type { Participant, Seat } from '../../wire/types.ts';
import { UsageError } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { describeMeeting, folderFlag, resolveMeeting } from '../meeting-folder.ts';
import { castingOf, createSpeaker, loadSpeechConfig, readingOf, tell, toEngineSettings } from '../reading.ts';

const flags = {
  out: { alias: 'o', type: 'string', normalize: true, describe: 'Write this WAV file instead of speaking' },
  from: { type: 'number', default: 1, describe: 'Begin with this turn' },
  engine: {
    choices: ['say', 'espeak-ng', 'spd-say', 'command'] as const,
    describe: 'What speaks [default: as in config/proxy.yml, or what is there]',
  },
  rate: { type: 'number', describe: 'Words a minute' },
  config: {
    alias: 'c',
    type: 'string',
    normalize: true,
    describe: 'Settings file [default: config/proxy.yml]',
  },
  ...folderFlag,
} as const;

type Flags = InferredOptionTypes<typeof flags> & { meeting: string };

export const speakCommand: CommandModule<object, Flags> = {
  command: 'speak <meeting>',
  describe: 'Read a meeting that was kept aloud, or into a WAV file',
  builder: (cli) =>
    cli
      .positional('meeting', { type: 'string', demandOption: true, describe: describeMeeting })
      .options(flags),
  handler: runSpeak,
};

async function runSpeak(argv: Flags): Promise<void> {
  if (argv.out !== undefined && !/\.wav$/i.test(argv.out)) {
    throw new UsageError(`${argv.out}: what is written is WAV, so let the name end in .wav`);
  }
  const settings = await loadSpeechConfig(argv.config, {
    'speech.engine': argv.engine,
    'speech.rate': argv.rate,
  });
  const { readConversation } = await import('../../journal/conversation.ts');
  const { findEngine } = await import('../../speech/engines.ts');
  const folder = await resolveMeeting(argv);
  const conversation = await readConversation(path.join(folder, 'journal.jsonl'));
  const turns = await turnsOf(conversation, argv.from, settings);
  if (turns.length === 0) {
    throw new UsageError(
      `${conversation.meeting} has ${conversation.turns} turns, and none from ${argv.from} on`,
    );
  }
  const engine = await findEngine(toEngineSettings(settings), { toFile: argv.out !== undefined });
  const abort = new AbortController();
  onInterrupt({ polite: () => false, atOnce: () => abort.abort() });
  if (argv.out === undefined) await readAloud();
  else await writeFile(argv.out);

  async function readAloud(): Promise<void> {
    const speaker = await createSpeaker(
      engine,
      { ...settings, max_turns_behind: 0 },
      { onNotice: tell, onTurn: show },
    );
    abort.signal.addEventListener('abort', () => speaker.cut());
    for (const turn of turns) speaker.say(turn);
    // It has been told why as it happened.
    await speaker.finish().catch(() => (process.exitCode ??= 1));
  }

  async function writeFile(file: string): Promise<void> {
    const { writeRecording } = await import('../../speech/recording.ts');
    const { seconds } = await writeRecording(
      { engine, turns, file, reading: readingOf(settings), onNotice: tell },
      abort.signal,
    );
    process.stdout.write(`${file}: ${turns.length} turns, ${formatDuration(seconds)}\n`);
  }
}

/** Who spoke, and in which voice; languages that nobody named are guessed from all that was said. */
async function turnsOf(
  { entries, seats }: Conversation,
  from: number,
  settings: SpeechConfig,
): Promise<SpokenTurn[]> {
  const { withLanguage } = await import('../../speech/speaking-viewer.ts');
  const { guessLanguage } = await import('../../speech/guess-language.ts');
  const { castVoices } = await import('../../speech/voices.ts');
  const said = entries.filter((entry) => entry.type === 'turn');
  const withGuess = (seat: Seat): Participant => {
    const words = said.filter((turn) => turn.seat === seat).map(({ text }) => text);
    return withLanguage(seats[seat], words.join('\n'), guessLanguage);
  };
  const voices = castVoices({ a: withGuess('a'), b: withGuess('b') }, castingOf(settings));
  return said
    .filter(({ turn }) => turn >= from)
    .map(({ turn, seat, text }) => ({ turn, speaker: seats[seat].name, text, voice: voices[seat] }));
}

function show({ turn, speaker, text }: SpokenTurn): void {
  process.stdout.write(`[${turn}] ${visibleControls(speaker)}:\n${visibleControls(text)}\n\n`);
}

function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
