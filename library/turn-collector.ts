import type { Block } from '../journal/block.ts';
import { isFree } from '../journal/cost.ts';
import type { Participant, Seat } from '../wire/types.ts';
import type { CodeRun, MeetingEvent, MeetingResult, Turn, TurnFlag } from './meeting.ts';

type Spoken = Extract<MeetingEvent, { type: 'turn' }>;

/** Makes turns of what those are told who watch: a turn is whole as soon as somebody else's begins. */
export class TurnCollector {
  readonly #onTurn: (turn: Turn) => void;
  #seats: { readonly [seat in Seat]: Participant } | undefined;
  #folder: string | undefined;
  #spoken: Spoken | undefined;
  #flags: TurnFlag[] = [];
  #runs: CodeRun[] = [];
  #block: Block | undefined;
  #result: MeetingResult | undefined;

  constructor(onTurn: (turn: Turn) => void) {
    this.#onTurn = onTurn;
  }

  /** Undefined until it is over, and where it was interrupted. */
  get result(): MeetingResult | undefined {
    return this.#result;
  }

  hear(event: MeetingEvent): void {
    switch (event.type) {
      case 'paired':
        this.#seats = event.seats;
        this.#folder = event.folder;
        break;
      case 'turn':
        this.flush();
        this.#spoken = event;
        break;
      case 'flag':
        if (event.turn === this.#spoken?.turn) this.#flags.push({ flag: event.flag, detail: event.detail });
        break;
      case 'block':
        this.#block = event;
        break;
      case 'result':
        this.#addRun(event);
        break;
      case 'thinking':
      case 'control':
        this.flush();
        break;
      case 'stopped':
        this.flush();
        this.#result = this.#resultOf(event);
        break;
      default:
        break;
    }
  }

  /** Nothing more comes to the last turn. */
  flush(): void {
    const spoken = this.#spoken;
    if (!spoken) return;
    this.#spoken = undefined;
    const { seat, text, control, meta } = spoken;
    const turn: Turn = {
      number: spoken.turn,
      seat,
      name: this.#seats?.[seat].name ?? seat,
      text,
      ...(control ? { control } : {}),
      ...(meta?.usage ? { usage: meta.usage } : {}),
      ...(meta?.ms === undefined ? {} : { latencyMs: meta.ms }),
      ...(meta?.finish === undefined ? {} : { finish: meta.finish }),
      flags: this.#flags,
      runs: this.#runs,
    };
    this.#flags = [];
    this.#runs = [];
    this.#onTurn(turn);
  }

  #addRun({ kind, number, outcome, output, detail }: Extract<MeetingEvent, { type: 'result' }>): void {
    if (!this.#block) return;
    const { language, code } = this.#block;
    this.#block = undefined;
    const why = detail === undefined ? {} : { detail };
    this.#runs.push({ kind, number, language, code, outcome, output, ...why });
  }

  #resultOf({
    meeting,
    reason,
    detail,
    turns,
    usage: table,
  }: Extract<MeetingEvent, { type: 'stopped' }>): MeetingResult {
    const usage = table?.together.usage;
    const isKnownFree = isFree(this.#seats?.a.provider) && isFree(this.#seats?.b.provider);
    const cost = table ? table.together.cost : isKnownFree ? 0 : undefined;
    return {
      id: meeting,
      reason,
      ...(detail === undefined ? {} : { detail }),
      turns,
      tokens: usage ? usage.input + usage.output : 0,
      ...(usage ? { usage } : {}),
      ...(cost === undefined ? {} : { cost }),
      ...(this.#folder === undefined ? {} : { folder: this.#folder }),
    };
  }
}
