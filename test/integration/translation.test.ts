import { describe, expect, it } from 'vitest';
import type { BlockResult } from '../../journal/block.ts';
import type { JournalEvent } from '../../journal/event.ts';
import type { ExecutionOptions } from '../../proxy/execution.ts';
import type { RelaySettings } from '../../proxy/relay-settings.ts';
import { RawClient, startRelay, type TestRelay } from '../support/relay.ts';
import { inCapitals, PretendedTranslator, SlowAnswers } from '../support/translator.ts';

const features = ['note', 'history'];

interface Table extends TestRelay {
  readonly a: RawClient;
  readonly b: RawClient;
  readonly secrets: { readonly a: string; readonly b: string };
}

/** A German in seat a, who begins, and a Greek in seat b. */
async function seat(
  translator: PretendedTranslator,
  options: {
    readonly settings?: Partial<RelaySettings>;
    readonly execution?: ExecutionOptions;
    readonly greetingA?: object;
    readonly greetingB?: object;
  } = {},
): Promise<Table> {
  const relay = await startRelay(options.settings, options.execution, { translator });
  const a = await RawClient.greet(relay.ports.a, { ...anna, ...options.greetingA });
  const b = await RawClient.greet(relay.ports.b, { ...nikos, ...options.greetingB });
  const secrets = {
    a: secretIn(await a.until(/\/welcome: .*\n/)),
    b: secretIn(await b.until(/\/welcome: .*\n/)),
  };
  await a.until('/start\n');
  return { ...relay, a, b, secrets };
}

function translations(journal: readonly JournalEvent[]) {
  return journal.filter((event) => event.type === 'translation');
}

describe('a meeting of two languages', () => {
  it('tells each the other in its own, and keeps what was said and what was told', async () => {
    const translator = new PretendedTranslator({ usage: { input: 7, output: 3, cached: 1 } });
    const { a, b, journal, seen, event } = await seat(translator);
    a.send('Guten Tag, Νίκος.\\n\\n```python\\nx = "ja"\\n```\\nUnd?\n');
    expect(await b.until('UND?\n')).toBe('el: GUTEN TAG, Νίκος.\\n\\n```python\\nx = "ja"\\n```\\nUND?\n');
    b.send('Ναι. /end\n');
    expect(await a.until('\n')).toBe('de: ΝΑΙ.\n');
    await event('stopped');
    const events = journal('m');
    expect(events[0]).toMatchObject({
      settings: {
        translation: { provider: 'pretended', model: 'capitals', languages: { a: 'de', b: 'el' } },
      },
    });
    expect(events.map(({ type }) => type).slice(3)).toEqual([
      'start',
      'turn',
      'translation',
      'turn',
      'translation',
      'stop',
    ]);
    expect(events[4]).toMatchObject({ text: 'Guten Tag, Νίκος.\n\n```python\nx = "ja"\n```\nUnd?' });
    expect(events[5]).toMatchObject({
      ...{ seat: 'a', turn: 1, from: 'de', to: 'el', provider: 'pretended', model: 'capitals' },
      text: 'el: GUTEN TAG, Νίκος.\n\n```python\nx = "ja"\n```\nUND?',
      usage: { input: 7, output: 3, cached: 1 },
    });
    expect((events[5] as { ms: number }).ms).toBeGreaterThanOrEqual(0);
    expect(seen.filter(({ type }) => type === 'translating' || type === 'translation')).toMatchObject([
      { type: 'translating', seat: 'a', turn: 1, to: 'Greek' },
      { type: 'translation', seat: 'a', turn: 1 },
      { type: 'translating', seat: 'b', turn: 2, to: 'German' },
      { type: 'translation', seat: 'b', turn: 2 },
    ]);
    expect(translator.asked[0]).toMatchObject({
      text: 'Guten Tag, ⟦1⟧.\n\n⟦2⟧\nUnd?',
      speaker: { name: 'Anna' },
    });
  });

  it('asks nobody about code, control words and figures', async () => {
    const translator = new PretendedTranslator();
    const { a, b, journal } = await seat(translator);
    a.send('```python\\nx = 1\\n```\n');
    await b.until('```python\\nx = 1\\n```\n');
    b.send('/help\n');
    await a.until('/help\n');
    a.send('42!\n');
    await b.until('42!\n');
    expect(translator.asked).toEqual([]);
    expect(translations(journal('m'))).toEqual([]);
  });

  it('is none where both speak one language, of whatever region, or where nobody knows which', async () => {
    const translator = new PretendedTranslator();
    const same = await seat(translator, { greetingA: { lang: 'pt-BR' }, greetingB: { lang: 'pt-PT' } });
    same.a.send('Bom dia.\n');
    expect(await same.b.until('\n')).toBe('Bom dia.\n');
    expect(same.journal('m')[0]).not.toHaveProperty('settings.translation');

    const unknown = await seat(translator, { greetingA: { lang: 'Deutsch' } });
    unknown.a.send('Guten Tag.\n');
    expect(await unknown.b.until('\n')).toBe('Guten Tag.\n');
    expect(unknown.journal('m')).toContainEqual(
      expect.objectContaining({
        type: 'status',
        seat: 'a',
        text: '"Deutsch" is no language code (BCP 47, such as de or pt-BR), so nothing is translated',
      }),
    );
    expect(translator.asked).toEqual([]);
  });

  it('keeps the order of what a seat says while its turn is translated', async () => {
    const slow = new SlowAnswers();
    const { a, b, journal, event } = await seat(new PretendedTranslator({ answer: slow.answer }));
    a.send('eins\nzwei\n/help\ndrei /bye\n');
    await slow.release();
    expect(await b.until('EINS\n')).toBe('el: EINS\n');
    await slow.release();
    await slow.release();
    expect(await b.until('/bye\n')).toBe('el: ZWEI\n/help\nel: DREI\n/bye\n');
    b.send('vier\n');
    await slow.release();
    expect(await a.until('/stop: end\n')).toBe('de: VIER\n/stop: end\n');
    await event('stopped');
    expect(
      journal('m')
        .map(({ type }) => type)
        .slice(4),
    ).toEqual([
      'turn',
      'translation',
      'turn',
      'translation',
      'control',
      'turn',
      'translation',
      'turn',
      'translation',
      'stop',
    ]);
  });

  it('does not take an answer to a goodbye for late because it is being translated', async () => {
    const slow = new SlowAnswers();
    const translator = new PretendedTranslator({ answer: slow.answer });
    const { a, b, event } = await seat(translator, { settings: { goodbyeMs: 60 } });
    a.send('leb wohl /bye\n');
    await slow.release();
    await b.until('/bye\n');
    b.send('χαίρε /end\n');
    await slow.untilAsked(1);
    await new Promise((resolve) => setTimeout(resolve, 120));
    await slow.release();
    expect(await a.until('/stop: end\n')).toBe('de: ΧΑΊΡΕ\n/stop: end\n');
    expect(await event('stopped')).toMatchObject({ reason: 'end', detail: 'Νίκος (seat b) said /end' });
  });

  it('stands below the results of code, which are not translated', async () => {
    const { a, b, journal } = await seat(new PretendedTranslator(), { execution });
    await b.until(/\/note: .*\n/);
    a.send('Sieh:\\n\\nRUN-CODE\\n```python\\n1 + 1\\n```\n');
    const told = await b.until('\n');
    expect(told).toMatch(/^el: SIEH:\\n\\nRUN-CODE\\n```python\\n1 \+ 1\\n```\\n\\n.*zwei und zwei/);
    expect(
      journal('m')
        .map(({ type }) => type)
        .slice(6),
    ).toEqual(['turn', 'block', 'result', 'note', 'translation']);
  });
});

describe('a translator that fails', () => {
  it('never ends a meeting: the original goes on, with a note that says why', async () => {
    const translator = new PretendedTranslator({
      answer: () => Promise.reject(new Error('pretended: there is no such model')),
    });
    const { a, b, journal } = await seat(translator);
    a.send('Guten Tag.\n');
    expect(await b.until('Tag.\n')).toBe(
      '/note: Turn 1 was not translated and reaches you in German: pretended: there is no such model\nGuten Tag.\n',
    );
    b.send('Ναι.\n');
    await a.until('Ναι.\n');
    expect(translations(journal('m'))[0]).toMatchObject({
      text: 'Guten Tag.',
      failed: 'pretended: there is no such model',
    });
  });

  it('tells an agent that takes no notes ahead of the text', async () => {
    const translator = new PretendedTranslator({ answer: () => Promise.reject(new Error('no')) });
    const { a, b } = await seat(translator, { greetingB: { features: [] } });
    a.send('Guten Tag.\n');
    expect(await b.until('Tag.\n')).toBe(
      'Turn 1 was not translated and reaches you in German: no\\n\\nGuten Tag.\n',
    );
  });

  it('is asked once more, with a hint, where it garbled what it had to keep; and then no more', async () => {
    let spoilt = 1;
    const translator = new PretendedTranslator({
      answer: (request) => (spoilt-- > 0 ? 'verloren' : inCapitals(request)),
      usage: { input: 5, output: 2, cached: 0 },
    });
    const { a, b, journal } = await seat(translator);
    a.send('Die `print` dort.\n');
    expect(await b.until('\n')).toBe('el: DIE `print` DORT.\n');
    expect(translator.asked.map(({ hint }) => hint)).toEqual([
      undefined,
      '⟦1⟧ must stand in the translation exactly once',
    ]);
    spoilt = 2;
    a.send('Und `len` hier.\n');
    expect(await b.until('hier.\n')).toContain('\nUnd `len` hier.\n');
    expect(translations(journal('m'))).toMatchObject([
      { usage: { input: 10, output: 4, cached: 0 } },
      {
        usage: { input: 10, output: 4, cached: 0 },
        failed: 'the translator garbled it: ⟦1⟧ must stand in the translation exactly once',
      },
    ]);
  });

  it('is not waited for longer than its limit, though it never answers', async () => {
    const translator = new PretendedTranslator({ answer: () => new Promise(() => {}), limitMs: 30 });
    const { a, b, journal } = await seat(translator);
    a.send('Guten Tag.\n');
    await b.until('Guten Tag.\n');
    expect(translations(journal('m'))[0]).toMatchObject({
      failed: 'the translation took longer than 0.03 s',
    });
    expect(translator.asked[0]?.signal.aborted).toBe(true);
  });

  it('cannot make a message longer than a message may be', async () => {
    const translator = new PretendedTranslator({ answer: () => 'ω'.repeat(1_000) });
    const { a, b } = await seat(translator, { settings: { maxFrameBytes: 1_024 } });
    a.send('Guten Tag.\n');
    expect(await b.until('Guten Tag.\n')).toContain(
      'the translation has 2000 bytes, and a message may have 1024',
    );
  });

  it('cannot end a meeting by what it says', async () => {
    const { a, b } = await seat(new PretendedTranslator({ answer: () => '/stop: end\n/bye' }));
    a.send('Guten Tag.\n');
    expect(await b.until('\n')).toBe('\\/stop: end\\n/bye\n');
    b.send('42\n');
    expect(await a.until('\n')).toBe('42\n');
  });
});

describe('a meeting that ends while a turn is translated', () => {
  it('has that turn in its journal, and delivered as it was', async () => {
    const slow = new SlowAnswers();
    const translator = new PretendedTranslator({ answer: slow.answer });
    const { a, b, journal, event } = await seat(translator);
    a.send('Guten Tag.\n');
    await slow.untilAsked(1);
    b.send('/stop\n');
    expect(await b.until('/stop: stopped\n')).toBe(
      '/note: Turn 1 was not translated and reaches you in German: the meeting ended before that was done\nGuten Tag.\n/stop: stopped\n',
    );
    await event('stopped');
    expect(
      journal('m')
        .map(({ type }) => type)
        .slice(4),
    ).toEqual(['turn', 'control', 'note', 'translation', 'stop']);
    expect(translator.asked[0]?.signal.aborted).toBe(true);
  });

  it('says the last turn of a limit in the language of its reader', async () => {
    const slow = new SlowAnswers();
    const { a, b } = await seat(new PretendedTranslator({ answer: slow.answer }), {
      settings: { maxMessages: 1 },
    });
    a.send('Guten Tag.\n');
    await slow.release();
    expect(await b.until('/stop: max-messages\n')).toBe('el: GUTEN TAG.\n/stop: max-messages\n');
  });

  it('ends where what its translator took reaches the limit of tokens, though the proxy was started again', async () => {
    const first = new PretendedTranslator({ usage: { input: 70, output: 30, cached: 0 } });
    const { a, b, relay, secrets, transcripts } = await seat(first, { settings: { maxTokens: 150 } });
    a.send('Eins\n');
    await b.until('EINS\n');
    await relay.shutDown(0, true);
    const translator = new PretendedTranslator({ usage: { input: 45, output: 5, cached: 0 } });
    const second = await startRelay({ transcripts }, undefined, { translator });
    await RawClient.greet(second.ports.a, { ...anna, secret: secrets.a });
    const againB = await RawClient.greet(second.ports.b, { ...nikos, secret: secrets.b });
    againB.send('Δύο\n');
    expect(await second.event('stopped')).toMatchObject({
      reason: 'max-tokens',
      detail: '150 of 150 tokens',
      usage: { translator: { usage: { input: 115, output: 35 } } },
    });
  });

  it('tells of an agent that left behind its last words', async () => {
    const slow = new SlowAnswers();
    const { a, b, event } = await seat(new PretendedTranslator({ answer: slow.answer }));
    a.send('Ich muss gehen.\n/leave: no more to say\n');
    await slow.release();
    expect(await b.until('/stop: agent-lost\n')).toBe('el: ICH MUSS GEHEN.\n/stop: agent-lost\n');
    expect(await event('stopped')).toMatchObject({ reason: 'agent-lost' });
  });
});

describe('whoever comes back', () => {
  it('is told the turns of the partner in its own language, and not before they are translated', async () => {
    const slow = new SlowAnswers();
    const { a, b, ports, secrets } = await seat(new PretendedTranslator({ answer: slow.answer }));
    await hold(a, b, slow);
    a.send('drei\n');
    await slow.untilAsked(1);
    b.socket.destroy();
    const again = await RawClient.greet(ports.b, { ...nikos, secret: secrets.b });
    expect(await again.until(/\/history: .*\n/)).toContain(
      JSON.stringify([
        { turn: 1, seat: 'a', text: 'el: EINS' },
        { turn: 2, seat: 'b', text: 'δύο' },
      ]),
    );
    await slow.release();
    expect(await again.until('\n')).toBe('el: DREI\n');

    const other = await RawClient.greet(ports.a, { ...anna, secret: secrets.a });
    expect(await other.until(/\/history: .*\n/)).toContain(
      JSON.stringify([
        { turn: 1, seat: 'a', text: 'eins' },
        { turn: 2, seat: 'b', text: 'de: ΔΎΟ' },
        { turn: 3, seat: 'a', text: 'drei' },
      ]),
    );
  });

  it('to a proxy that was started again is told a turn that is translated anew', async () => {
    const slow = new SlowAnswers();
    const first = await seat(new PretendedTranslator({ answer: slow.answer }), { execution });
    await hold(first.a, first.b, slow);
    first.a.send('drei:\\n\\nRUN-CODE\\n```python\\n1\\n```\n');
    await slow.untilAsked(1);
    await first.relay.shutDown(0, true);
    expect(translations(first.journal('m'))).toHaveLength(2);

    const { transcripts } = first;
    const second = new SlowAnswers();
    const translator = new PretendedTranslator({ answer: second.answer });
    const { ports } = await startRelay({ transcripts }, execution, translator ? { translator } : {});
    const b = await RawClient.greet(ports.b, { ...nikos, secret: first.secrets.b });
    await b.until(/\/history: .*\n/);
    await second.untilAsked(1);
    await second.release();
    expect(await b.until(/zwei und zwei.*\n/)).toMatch(
      /^el: DREI:\\n\\nRUN-CODE\\n```python\\n1\\n```\\n\\n/,
    );
    const a = await RawClient.greet(ports.a, { ...anna, secret: first.secrets.a });
    await a.until(/\/history: .*\n/);
    b.send('τέσσερα\n');
    await second.release();
    await a.until('\nde: ΤΈΣΣΕΡΑ\n');
    expect(translations(first.journal('m')).map(({ turn }) => turn)).toEqual([1, 2, 3, 4]);
    expect(first.journal('m').filter(({ type }) => type === 'block')).toHaveLength(1);
  });

  it('hears turns of both that waited for their translation when the proxy was killed', async () => {
    const slow = new SlowAnswers();
    const first = await seat(new PretendedTranslator({ answer: slow.answer }));
    first.a.send('eins\n');
    await slow.untilAsked(1);
    first.b.send('δύο\n');
    await slow.untilAsked(2);
    await first.relay.shutDown(0, true);

    const { transcripts } = first;
    const { ports } = await startRelay({ transcripts }, undefined, {
      translator: new PretendedTranslator(),
    });
    const b = await RawClient.greet(ports.b, { ...nikos, secret: first.secrets.b });
    const a = await RawClient.greet(ports.a, { ...anna, secret: first.secrets.a });
    expect(await b.until('EINS\n')).toContain('\nel: EINS\n');
    expect(await a.until('ΔΎΟ\n')).toContain('\nde: ΔΎΟ\n');
  });

  it('to a proxy without a translator is told so, and goes on in two languages', async () => {
    const first = await seat(new PretendedTranslator());
    first.a.send('eins\n');
    await first.b.until('EINS\n');
    await first.relay.shutDown(0, true);
    const { ports } = await startRelay({ transcripts: first.transcripts });
    const b = await RawClient.greet(ports.b, { ...nikos, secret: first.secrets.b });
    expect(await b.until('EINS\n')).toContain('el: EINS\n');
    const a = await RawClient.greet(ports.a, { ...anna, secret: first.secrets.a });
    await a.until(/\/history: .*\n/);
    b.send('δύο\n');
    expect(await a.until('δύο\n')).toContain(
      '/note: Turn 2 was not translated and reaches you in Greek: this proxy has no translator (start it with --translate)\n',
    );
  });
});

const anna = { name: 'Anna', lang: 'de', meeting: 'm', features };
const nikos = { name: 'Νίκος', lang: 'el', meeting: 'm', features };

/** A turn of each. */
async function hold(a: RawClient, b: RawClient, slow: SlowAnswers): Promise<void> {
  a.send('eins\n');
  await slow.release();
  await b.until('EINS\n');
  b.send('δύο\n');
  await slow.release();
  await a.until('ΔΎΟ\n');
}

function secretIn(text: string): string {
  return (JSON.parse(text.slice(text.indexOf('{'))) as { secret: string }).secret;
}

/** Only what is needed of a way to run code. */
const ok: BlockResult = { outcome: 'ok', output: 'zwei und zwei', outputBytes: 13, files: [], ms: 1 };
const execution: ExecutionOptions = {
  settings: {
    ...{ seats: 'both', blocks: 'marked', passes: 0, policy: false, approve: false },
    limits: { seconds: 10 },
  },
  runner: {
    tier: 'pretended',
    run: () => Promise.resolve(ok),
    closeSession: () => {},
  },
};
