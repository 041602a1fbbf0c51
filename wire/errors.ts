/** What every deliberate failure of the program is made of. */
interface ColloquyErrorOptions {
  /** Stable, kebab-case, for programs; the message is for people. */
  readonly code: string;
  /** Whether the same call may succeed later without anything being changed. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** A failure with one sentence for the person and one code for the program. */
export class ColloquyError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(message: string, { code, retryable = false, cause }: ColloquyErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = retryable;
  }
}

/** Codes a proxy sends in `/error`; `docs/protocol.md` explains each. */
export const protocolErrorCodes = [
  'no-greeting',
  'bad-greeting',
  'second-greeting',
  'seat-taken',
  'no-seat',
  'bad-meeting',
  'bad-token',
  'frame-too-large',
  'not-utf8',
  'bad-frame',
  'too-slow',
  'shutting-down',
  'busy',
  'tls-required',
] as const;
export type ProtocolErrorCode = (typeof protocolErrorCodes)[number];

/** The one kind of error that crosses the socket, as `/error: {"code","message"}`. */
export class ProtocolError extends ColloquyError {
  declare readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message, { code });
  }
}

/** The sentence of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
