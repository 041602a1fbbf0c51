import { ROOT_CONTEXT, trace, type Attributes, type SpanContext } from '@opentelemetry/api';
import { visibleLine } from '../journal/render/visible-controls.ts';
import type { ViewerEvent } from '../proxy/viewer.ts';
import type { Participant, Seat } from '../wire/types.ts';
import { toolContent } from './content.ts';
import type { Scope, Spans, UnderWay } from './spans.ts';
import { isHeldBack } from './statuses.ts';
import { parseTraceparent, traceparentOf } from './traceparent.ts';

/** A stranger may call itself anything. */
const longestName = 100;

interface Meeting {
  readonly under: UnderWay;
  readonly scope: Scope;
  participants?: { readonly [seat in Seat]: Participant };
  /** Agents that measure their turns themselves. */
  readonly measuring: Set<Seat>;
  /** Since when those are asked that do not. */
  readonly askedAtMs: Map<Seat, number>;
  tool?: UnderWay | undefined;
}

/**
 * The spans of the meetings of a relay: a workflow for each, what is run in it, and the turns of those who do not
 * measure them by themselves.
 */
export class MeetingSpans {
  readonly #spans: Spans;
  readonly #meetings = new Map<string, Meeting>();

  constructor(spans: Spans) {
    this.#spans = spans;
  }

  welcome(id: string, seat: Seat): string {
    const meeting = this.#meetingOf(id);
    meeting.measuring.add(seat);
    return traceparentOf(meeting.under.span.spanContext());
  }

  traceOf(id: string): string {
    return traceparentOf(this.#meetingOf(id).under.span.spanContext());
  }

  /** What follows belongs to the trace of its first part; or where it belongs to another already, it has a link there. */
  goOn(id: string, former: string): void {
    const first = parseTraceparent(former);
    if (first && !this.#meetings.has(id)) this.#begin(id, first);
  }

  within<T>(id: string, work: () => T): T {
    const meeting = this.#meetings.get(id);
    return meeting ? this.#spans.within(meeting.scope, work) : work();
  }

  watch(event: ViewerEvent): void {
    // It may end before anybody was paired, and a late event must not begin it again.
    if (event.type === 'paired') this.#meetingOf(event.meeting).participants = event.seats;
    const meeting = this.#meetings.get(event.meeting);
    if (!meeting) return;
    switch (event.type) {
      case 'thinking':
        return void meeting.askedAtMs.set(event.seat, performance.now());
      case 'turn':
        return this.#addTurn(meeting, event);
      case 'block':
        return this.#beginBlock(meeting, event);
      case 'result':
        return this.#endBlock(meeting, event);
      case 'status':
        if (!isHeldBack(event.text)) return;
        return note(meeting, 'wait', { 'colloquy.seat': event.seat, 'colloquy.wait.reason': 'rate' });
      case 'returned':
        return note(meeting, 'returned', { 'colloquy.seat': event.seat });
      case 'flag':
        return note(meeting, 'flag', { 'colloquy.flag': event.flag });
      case 'stopped':
        return this.#stop(meeting, event);
      default:
        return;
    }
  }

  #meetingOf(id: string): Meeting {
    return this.#meetings.get(id) ?? this.#begin(id);
  }

  #begin(id: string, first?: SpanContext): Meeting {
    const labels = { 'gen_ai.workflow.name': 'meeting' };
    const outer = { ...this.#spans.scope, conversation: id };
    const isWithin = trace.getSpanContext(outer.context) !== undefined;
    const around =
      first && !isWithin ? { ...outer, context: trace.setSpanContext(ROOT_CONTEXT, first) } : outer;
    const under = this.#spans.begin(
      'invoke_workflow',
      'meeting',
      { ...labels, ...(first ? { 'colloquy.meeting.resumed': true } : {}) },
      { labels, scope: around, ...(first && isWithin ? { links: [{ context: first }] } : {}) },
    );
    const context = trace.setSpan(ROOT_CONTEXT, under.span);
    const scope = { context, under, conversation: id };
    const meeting: Meeting = { under, scope, measuring: new Set(), askedAtMs: new Map() };
    this.#meetings.set(id, meeting);
    return meeting;
  }

  /** Only now: whoever is asked last of all never answers. */
  #addTurn(meeting: Meeting, { seat, meta, by }: Extract<ViewerEvent, { type: 'turn' }>): void {
    const participant = meeting.participants?.[seat];
    const askedAtMs = meeting.askedAtMs.get(seat);
    meeting.askedAtMs.delete(seat);
    if (!participant || askedAtMs === undefined || (meeting.measuring.has(seat) && by === undefined)) return;
    const { name, provider, model } = participant;
    const shown = plain(name);
    // Its duration is counted without its name: anybody may come, by any name.
    const turn = this.#spans.begin(
      'invoke_agent',
      shown,
      {
        'gen_ai.agent.name': shown,
        'gen_ai.provider.name': by === undefined ? plain(provider ?? 'unknown') : 'human',
        ...(model === undefined || by !== undefined ? {} : { 'gen_ai.request.model': plain(model) }),
        'colloquy.seat': seat,
      },
      { scope: meeting.scope, agoMs: performance.now() - askedAtMs },
    );
    turn.conclude({ usage: meta?.usage, finish: meta?.finish });
    turn.end();
  }

  #beginBlock(meeting: Meeting, event: Extract<ViewerEvent, { type: 'block' }>): void {
    const { kind, number, turn, seat, language, code } = event;
    meeting.tool?.end();
    const labels = {
      'gen_ai.tool.name': kind === 'test' ? 'run_test' : 'run_code',
      'gen_ai.tool.type': 'function',
    };
    const name = meeting.participants?.[seat].name;
    meeting.tool = this.#spans.begin(
      'execute_tool',
      labels['gen_ai.tool.name'],
      {
        ...labels,
        'gen_ai.tool.call.id': `turn-${turn}-${kind}-${number}`,
        ...(name === undefined ? {} : { 'gen_ai.agent.name': plain(name) }),
        'colloquy.seat': seat,
        'colloquy.code.language': language,
        ...(this.#spans.capturesContent
          ? { 'gen_ai.tool.call.arguments': toolContent({ language, code }) }
          : {}),
      },
      { labels, scope: meeting.scope },
    );
  }

  #endBlock(meeting: Meeting, event: Extract<ViewerEvent, { type: 'result' }>): void {
    const { tool } = meeting;
    meeting.tool = undefined;
    if (!tool) return;
    const { outcome, tier, output } = event;
    tool.set({
      'colloquy.code.outcome': outcome,
      'colloquy.code.tier': tier,
      ...(this.#spans.capturesContent ? { 'gen_ai.tool.call.result': toolContent({ output }) } : {}),
    });
    if (outcome !== 'ok') tool.conclude({ error: outcome });
    tool.end();
  }

  #stop(meeting: Meeting, event: Extract<ViewerEvent, { type: 'stopped' }>): void {
    const { reason, turns, meeting: id } = event;
    this.#meetings.delete(id);
    meeting.tool?.conclude({ error: 'cancelled' });
    meeting.tool?.end();
    meeting.under.set({ 'colloquy.meeting.stop_reason': reason, 'colloquy.meeting.turns': turns });
    if (reason === 'error' || reason === 'agent-lost') meeting.under.conclude({ error: reason });
    meeting.under.end();
  }
}

function note({ under }: Meeting, name: string, attributes: Attributes): void {
  under.span.addEvent(`colloquy.${name}`, attributes);
}

function plain(text: string): string {
  return visibleLine(text).slice(0, longestName);
}
