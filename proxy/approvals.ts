import type { Block } from '../journal/block.ts';
import { messageOf } from '../wire/errors.ts';
import type { Seat } from '../wire/types.ts';
import type { Approval, ApprovalRequest, Approve, ExecutionOptions } from './execution.ts';
import { Moot } from './moderation.ts';
import type { LiveEvent } from './onlookers.ts';

/** A block that waits until somebody has said whether it may run. */
export interface PendingApproval {
  readonly id: number;
  readonly seat: Seat;
  readonly name: string;
  readonly block: Block;
}

/** Has blocks approved by moderators too, or by them alone. */
export function withApprovals(
  options: ExecutionOptions,
  meeting: string,
  show: (event: LiveEvent) => void,
): { readonly options: ExecutionOptions; readonly approvals: Approvals | undefined } {
  const { approval } = options;
  if (!approval) return { options, approvals: undefined };
  const approvals = new Approvals(meeting, approval.byModerators ? undefined : approval.approve, show);
  const approve: Approve = (request, signal) => approvals.ask(request, signal);
  return { options: { ...options, approval: { ...approval, approve } }, approvals };
}

interface Question extends PendingApproval {
  readonly answer: (approval: Approval) => void;
}

/**
 * The blocks of one meeting that wait for somebody. Whoever moderates may answer, and so may the person at the
 * terminal, if one is asked there: the first answer counts.
 */
export class Approvals {
  readonly #meeting: string;
  readonly #atTerminal: Approve | undefined;
  readonly #show: (event: LiveEvent) => void;
  readonly #questions = new Map<number, Question>();
  #asked = 0;

  /** Without `atTerminal` only moderators are asked. */
  constructor(meeting: string, atTerminal: Approve | undefined, show: (event: LiveEvent) => void) {
    this.#meeting = meeting;
    this.#atTerminal = atTerminal;
    this.#show = show;
  }

  /** As `Approve`. */
  async ask(request: ApprovalRequest, signal: AbortSignal): Promise<Approval> {
    const { seat, name, block } = request;
    const id = ++this.#asked;
    // Aborted once somebody else has answered: the terminal need not be asked any more.
    const answered = new AbortController();
    const over = AbortSignal.any([signal, answered.signal]);
    try {
      return await new Promise<Approval>((resolve, reject) => {
        this.#questions.set(id, { id, seat, name, block, answer: resolve });
        signal.addEventListener('abort', () => resolve({ type: 'no', why: 'the meeting is over' }), {
          once: true,
        });
        this.#show({ type: 'approval', meeting: this.#meeting, id, seat, name, block });
        this.#atTerminal?.(request, over).then(
          (approval) => void (answered.signal.aborted || resolve(approval)),
          (error: unknown) => reject(error instanceof Error ? error : new Error(messageOf(error))),
        );
      });
    } finally {
      answered.abort();
      this.#questions.delete(id);
      this.#show({ type: 'approved', meeting: this.#meeting, id });
    }
  }

  /** Throws ColloquyError `moot` where nothing waits under that number. */
  answer(id: number, approval: Approval): void {
    const question = this.#questions.get(id);
    if (!question) throw new Moot(`no block waits under number ${id}; somebody may have answered already`);
    question.answer(approval);
  }

  get pending(): readonly PendingApproval[] {
    return [...this.#questions.values()].map(({ id, seat, name, block }) => ({ id, seat, name, block }));
  }

  /** The same as somebody is told who begins to watch. */
  get events(): readonly LiveEvent[] {
    return this.pending.map((pending) => ({ type: 'approval', meeting: this.#meeting, ...pending }));
  }
}
