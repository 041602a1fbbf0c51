import type { Approval, ApprovalRequest } from '../proxy/execution.ts';
import type { ViewerEvent } from '../proxy/viewer.ts';
import type { Seat } from '../wire/types.ts';

/** How to come in. It goes by this channel, for arguments are there for all to see. */
export interface Door {
  readonly port: number;
  /** Empty: none is asked for. */
  readonly token: string;
}

/** What a process tells the launcher that started it, over Node's IPC channel. */
export type ChildMessage =
  /** The proxy listens: where, and what it asks for, is known to the agents that are started with it. */
  | { readonly type: 'listening'; readonly doors: { readonly [seat in Seat]: Door } }
  | { readonly type: 'viewer'; readonly event: ViewerEvent }
  /** The sidecar listens there, and keeps code apart with that tier. */
  | { readonly type: 'sidecar'; readonly port: number; readonly tier: string }
  /** The page is served there. */
  | { readonly type: 'page'; readonly address: string }
  /** Something the person should know although nothing stops because of it. */
  | { readonly type: 'notice'; readonly message: string }
  /** Somebody must say whether that block may run. */
  | { readonly type: 'approve'; readonly id: number; readonly request: ApprovalRequest }
  /** Somebody else has answered that question. */
  | { readonly type: 'answered'; readonly id: number }
  /** The process is about to leave, and why, in one sentence. */
  | { readonly type: 'failed'; readonly message: string; readonly exitCode: number };

/** What the launcher tells a process. Closing the channel means: end at once. */
export type ParentMessage =
  /** Take leave. */
  | { readonly type: 'goodbye' }
  /** End at once. */
  | { readonly type: 'end' }
  /** The proxy listens there: an agent that was started with `--port-from-launcher` has waited for this. */
  | ({ readonly type: 'door' } & Door)
  /** What the person said to a question. */
  | { readonly type: 'approval'; readonly id: number; readonly approval: Approval };

/** Set in the environment of processes that a launcher looks after. */
export const supervisedVariable = 'COLLOQUY_SUPERVISED';
