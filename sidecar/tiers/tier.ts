import type { Language } from '../../journal/block.ts';

/** Best first: what `auto` tries. `runsc` is used only where it is asked for. */
export const tierNames = ['bubblewrap', 'deno', 'runsc', 'none-i-accept-the-risk'] as const;
export type TierName = (typeof tierNames)[number];

/** What one session may use. */
export interface Limits {
  /** Wall time of a block, in seconds. */
  readonly seconds: number;
  /** Processor time of each process during a block, in seconds. */
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
  /** Output of a block that is shown, head and tail together. */
  readonly outputKiB: number;
  readonly processes: number;
  readonly openFiles: number;
  /** The workspace and every other place that can be written, each. */
  readonly diskMiB: number;
}

/**
 * How to start one interpreter. The process speaks this, whatever the tier:
 *
 * - stdin: requests, one JSON object a line, one at a time, each with a fresh `nonce`;
 * - stdout: answers, one JSON object a line with the nonce of their request. The first line, unasked,
 *   is `{"ready":true}`;
 * - stderr: what the code prints, stdout and stderr in order; once a request is done, the mark
 *   `\x1e<nonce>\n` closes what belongs to it.
 *
 * Anything else on stdout is a forgery, and the end of the session.
 */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment: nothing of the host's is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Unprivileged user and group to start as, where the host may choose. */
  readonly uid?: number;
  readonly gid?: number;
  /** What can be read from descriptors 3, 4, … of the process. */
  readonly descriptors?: readonly Buffer[];
  /** Called when the process is ready and before it is given any code. */
  readonly onReady?: (pid: number) => void;
  /** Called once the process is gone, to take away what was made for it. */
  readonly onEnded?: () => void;
}

/** What one sandbox has beside what all of its tier have. */
export interface Additions {
  /** Folders and sockets of the host, to be read only; whoever the sandbox runs as must be able to. */
  readonly places?: readonly { readonly from: string; readonly at: string }[];
  /** Files that are made up. */
  readonly files?: readonly { readonly at: string; readonly content: Buffer }[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A way to keep the code of strangers apart from everything else. */
export interface Tier {
  readonly name: TierName;
  readonly languages: readonly Language[];
  /** "bubblewrap 0.8.0 with python 3.11.2": what `colloquy doctor` shows. */
  describe(): Promise<string>;
  /**
   * Why it cannot be used here, and what to install; undefined when it can be tried. Does what is
   * needed once per machine, such as making a start snapshot. Cheap when called again.
   */
  prepare(): Promise<string | undefined>;
  /** `additions` are for the tier `bubblewrap`; no other can give a sandbox anything more. */
  launch(limits: Limits, additions?: Additions): Launch;
  /** Whether one interpreter should be kept warm, since starting one takes long. */
  readonly keepsSpare: boolean;
}
