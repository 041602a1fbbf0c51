import { describe, expect, it } from 'vitest';
import type { MeetingEvent } from '../../../journal/event.ts';
import { ConversationModel } from '../../../web/page/conversation/conversation-model.ts';

const participants = { a: { name: 'Ada', lang: 'en' }, b: { name: 'Ben', lang: 'de' } };
const settings = { hello: '/start', first: 'a', maxMessages: 0, maxSeconds: 0 } as const;

/** A model whose changes are shown when `flush` is called. */
function start(): { model: ConversationModel; tell: (...events: MeetingEvent[]) => void; flush: () => void } {
  const waiting: (() => void)[] = [];
  const model = new ConversationModel('test', {
    nowMs: () => 0,
    schedule: (flush) => void waiting.push(flush),
  });
  let seq = 0;
  const flush = (): void => waiting.splice(0).forEach((run) => run());
  const tell = (...events: MeetingEvent[]): void => {
    for (const event of events) model.add({ v: 1, seq: ++seq, t: '2026-11-21T01:00:00Z', ...event });
    flush();
  };
  tell(
    { type: 'meeting', meeting: 'test', software: 'test', settings, seats: participants },
    { type: 'start', seat: 'a', hello: '/start' },
  );
  return { model, tell, flush };
}

const turn = (number: number, text = `turn ${number}`): MeetingEvent => ({
  type: 'turn',
  seat: number % 2 === 1 ? 'a' : 'b',
  turn: number,
  text,
});
const block = { kind: 'code', number: 1, language: 'python', code: 'x = 1' } as const;

describe('the conversation of the page', () => {
  it('shows what was said in its order, and an event that comes twice once', () => {
    const { model, tell, flush } = start();
    tell(turn(1), turn(2));
    model.add({ v: 1, seq: 3, t: '2026-11-21T01:00:00Z', ...turn(1) });
    flush();
    expect(model.items.value.map(({ key }) => key)).toEqual(['turn-1', 'turn-2']);
    expect(model.outline.value.turns).toBe(2);
  });

  it('leaves the items as they are that did not change, so that they are not drawn again', () => {
    const { model, tell } = start();
    tell(turn(1));
    const [first] = model.items.value;
    tell(turn(2));
    expect(model.items.value[0]).toBe(first);
  });

  it('puts a translation beside its turn, and a result to its block', () => {
    const { model, tell } = start();
    tell(turn(1, '```python\nx = 1\n```'), { type: 'block', seat: 'a', turn: 1, ...block });
    expect(model.items.value[1]).toMatchObject({ type: 'run', block: { code: 'x = 1' } });
    expect(model.items.value[1]).not.toHaveProperty('result');
    tell(
      {
        type: 'result',
        seat: 'a',
        turn: 1,
        kind: 'code',
        number: 1,
        outcome: 'ok',
        output: '',
        outputBytes: 0,
        files: [],
        ms: 3,
      },
      { type: 'translation', seat: 'a', turn: 1, from: 'en', to: 'de', text: 'Zug 1', ms: 5 },
    );
    expect(model.items.value).toHaveLength(2);
    expect(model.items.value[0]).toMatchObject({ type: 'turn', translation: { text: 'Zug 1' } });
    expect(model.items.value[1]).toMatchObject({ type: 'run', result: { outcome: 'ok' } });
  });

  it('shows a turn as it is written, until it was said', () => {
    const { model, tell, flush } = start();
    model.addLive({ type: 'thinking', seat: 'a' });
    flush();
    expect(model.waiting.value).toMatchObject({ kind: 'thinking', seat: 'a' });
    model.addLive({ type: 'delta', seat: 'a', text: 'Good ' });
    model.addLive({ type: 'delta', seat: 'a', text: 'day' });
    flush();
    expect(model.live.value).toEqual([{ seat: 'a', text: 'Good day' }]);
    tell(turn(1, 'Good day'));
    expect(model.live.value).toEqual([]);
    expect(model.waiting.value).toMatchObject({ kind: 'thinking', seat: 'b' });
  });

  it('forgets what was written of a turn that begins anew', () => {
    const { model, flush } = start();
    for (const text of ['Bad', '', 'Better']) model.addLive({ type: 'delta', seat: 'a', text });
    flush();
    expect(model.live.value).toEqual([{ seat: 'a', text: 'Better' }]);
  });

  it('does not take the late end of a turn for the beginning of the next', () => {
    const { model, tell, flush } = start();
    tell(turn(1, 'Good day to you'));
    model.addLive({ type: 'delta', seat: 'a', text: ' to you' });
    flush();
    expect(model.live.value).toEqual([]);
    tell(turn(2));
    expect(model.live.value).toEqual([]);
  });

  it('keeps the beginning of a turn that comes before the one it answers', () => {
    const { model, tell, flush } = start();
    tell(turn(1, 'Good day'));
    model.addLive({ type: 'delta', seat: 'a', text: 'And yet' });
    flush();
    expect(model.live.value).toEqual([]);
    tell(turn(2));
    expect(model.live.value).toEqual([{ seat: 'a', text: 'And yet' }]);
  });

  it('waits for nobody once the meeting has stopped', () => {
    const { model, tell } = start();
    tell(turn(1), { type: 'stop', reason: 'stopped' });
    expect(model.waiting.value).toBeUndefined();
    expect(model.hasStopped).toBe(true);
    expect(model.outline.value.stop?.reason).toBe('stopped');
  });

  it('asks for a block once, and no more once somebody answered', () => {
    const { model } = start();
    const approval = { type: 'approval', id: 1, seat: 'a', name: 'code block 1 of turn 1', block } as const;
    model.addLive(approval);
    model.addLive(approval);
    expect(model.approvals.value).toHaveLength(1);
    model.addLive({ type: 'approved', id: 1 });
    expect(model.approvals.value).toEqual([]);
  });

  it('can be cleared, and goes on with what comes', () => {
    const { model, tell } = start();
    tell(turn(1));
    model.clear();
    tell(turn(2));
    expect(model.items.value.map(({ key }) => key)).toEqual(['turn-2']);
  });
});
