import type { Provider } from '../agents/provider.ts';
import type { BlockKind, Language, Outcome } from '../journal/block.ts';
import type { Flag } from '../journal/flag.ts';
import type { ViewerEvent } from '../proxy/viewer.ts';
import type { Seat, SpokenVerb, StopReason, Usage } from '../wire/types.ts';
import type { RequestLimit } from './request-limit.ts';

/** Who sits on a seat. A persona, a service or a provider is needed, as far as none brings the other along. */
export interface SpeakerOptions {
  /** A name from `personas/` or a file, as the command line takes it; or the persona itself. */
  readonly persona?: string | PersonaText;
  /** As the command line names it: `ollama:qwen2.5`, `openai`, `eliza`. Left out: the one that the persona names. */
  readonly service?: string;
  /** Writes the replies in the place of a service. */
  readonly provider?: Provider;
  readonly model?: string;
  readonly temperature?: number;
  /** Of the longest reply. */
  readonly maxTokens?: number;
  readonly seed?: number;
  /** Shared with speakers of other meetings: `requestLimit({ perMinute: 60 })`. */
  readonly limit?: RequestLimit;
  /** Keys of `config/SERVICE.yml`, such as `base_url` and `api_key`. Secrets are not kept. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A settings file instead of `config/SERVICE.yml`. */
  readonly config?: string;
}

export interface PersonaText {
  /** As it would stand in a file, with front matter or without. */
  readonly text: string;
  /** Instead of the name in its title. */
  readonly name?: string;
  /** BCP 47, instead of the language in its title. */
  readonly lang?: string;
}

/** How code that they write is run: keys of `execution` in config/proxy.yml, such as `passes` and `blocks`. */
export type ExecutionWish = boolean | Readonly<Record<string, unknown>>;

interface MeetingRules {
  /** The meeting ends after so many messages of both; 0: never. Default: 10. */
  readonly maxMessages?: number;
  /** 0, the default of these four: no limit. */
  readonly maxSeconds?: number;
  /** Read and written, of both. */
  readonly maxTokens?: number;
  /** US dollars. */
  readonly maxCost?: number;
  /** How long nobody may say anything. */
  readonly idleSeconds?: number;
  /** What the one who starts is sent. Default: `/start`. */
  readonly hello?: string;
  /** Default: by chance. */
  readonly first?: Seat | 'random';
  /** Run the code that they write, in a sandbox. Default: false. */
  readonly execution?: ExecutionWish;
  /** Folder of the journals and transcripts. Without it nothing is kept. */
  readonly transcripts?: string;
  /** Other keys of config/proxy.yml, with dots: `{ 'loops.enabled': 'off' }`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A settings file instead of config/proxy.yml. */
  readonly config?: string;
  /** The working folder: its `personas/`, `config/` and `.env` count. Default: that of the process. */
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Ends it at once. A meeting that is kept can be gone on with. */
  readonly signal?: AbortSignal;
  /** Told of everything as it happens: pieces of turns, code, waits. What it throws ends the meeting. */
  readonly onEvent?: (event: MeetingEvent) => void;
  /** Told of what the meeting can do without: a transcript that cannot be written. */
  readonly onWarning?: (message: string) => void;
}

interface NewMeeting {
  readonly a: SpeakerOptions;
  readonly b: SpeakerOptions;
  /** What it is called, and its folder. Default: made of the time and the names. */
  readonly id?: string;
  readonly resume?: undefined;
}

interface ResumedMeeting {
  /** The name, or its beginning, of a meeting in `transcripts` that was interrupted. Its rules stay as they were. */
  readonly resume: string;
  readonly id?: undefined;
  readonly transcripts: string;
  /** Left out, or with a limit alone: as its journal tells. Keys, programs and files of replies are in no journal. */
  readonly a?: SpeakerOptions;
  readonly b?: SpeakerOptions;
}

export type HoldOptions = MeetingRules & (NewMeeting | ResumedMeeting);

/** As those are told who watch a meeting. */
export type MeetingEvent = ViewerEvent;

/** One message of one seat, whole: with what came of its code, and what is doubtful about it. */
export interface Turn {
  /** From 1 across the meeting. */
  readonly number: number;
  readonly seat: Seat;
  /** Who said it. */
  readonly name: string;
  readonly text: string;
  /** A control token that stood beside the text: `bye`, `end`, `stop`, `help`. */
  readonly control?: SpokenVerb;
  /** Tokens, where the provider tells. */
  readonly usage?: Usage;
  /** How long it took to write. */
  readonly latencyMs?: number;
  /** Why the provider stopped: `stop`, `length`, `empty`, … */
  readonly finish?: string;
  readonly flags: readonly TurnFlag[];
  /** The code in it that was run, or was meant to be. */
  readonly runs: readonly CodeRun[];
}

export type TurnFlag = Pick<Flag, 'flag' | 'detail'>;

/** What became of a block of code. */
export interface CodeRun {
  /** A `test` that is `ok` has passed. */
  readonly kind: BlockKind;
  /** From 1 among the blocks of its kind in its turn. */
  readonly number: number;
  readonly language: Language;
  readonly code: string;
  readonly outcome: Outcome;
  readonly output: string;
  /** One sentence, where the outcome is not `ok`. */
  readonly detail?: string;
}

export interface MeetingResult {
  readonly id: string;
  /** Why it ended. */
  readonly reason: StopReason;
  readonly detail?: string;
  readonly turns: number;
  /** Read and written, of both; 0 where nobody reported any. */
  readonly tokens: number;
  /** Of both together; absent where nobody reported any. */
  readonly usage?: Usage;
  /** US dollars; absent where the price of something is not known. */
  readonly cost?: number;
  /** Where its journal and transcripts are; absent where nothing is kept. */
  readonly folder?: string;
}

/**
 * A meeting under way. Turns come in order, and are kept until they are read; the meeting does not wait for their
 * reader. Who leaves the loop early stops it politely.
 */
export interface Meeting extends AsyncIterable<Turn> {
  /**
   * What came of it, when all of it is written. Rejects with ConfigError and ColloquyError `usage` where it cannot be
   * held as it was wished, with ProviderError or another ColloquyError where a speaker could not go on, and with the
   * reason of the signal. The loop is thrown the same.
   */
  readonly finished: Promise<MeetingResult>;
  /**
   * Ends it, `stopped`, as soon as the message that is being written has come: after 30 s at most, or after so long.
   * With 0 at once.
   */
  stop(waitMs?: number): void;
}
