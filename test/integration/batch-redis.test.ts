import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Job } from '../../batch/expand.ts';
import { connectRedis } from '../../batch/redis/connection.ts';
import { Homecoming } from '../../batch/redis/homecoming.ts';
import { batchKeys, meetingKeys, queueId, queueName, queuePrefix } from '../../batch/redis/keys.ts';
import { MeetingWorker } from '../../batch/redis/meeting-worker.ts';
import { RemoteHolder } from '../../batch/redis/remote-holder.ts';
import { RedisRequestGate } from '../../batch/redis/request-gate.ts';
import { Parts, readBatch } from '../../batch/redis/shipment.ts';
import { takeMeeting, type Taken } from '../../batch/redis/taken-meeting.ts';
import { ReceivedBatches } from '../../cli/received-batches.ts';
import { readVersion } from '../../cli/version.ts';
import { readSeatsFile, writeSeatsFile } from '../../proxy/seats-file.ts';
import { KeptFiles } from '../../sidecar/kept-files.ts';
import { openRedis, startRedis } from '../support/redis.ts';
import { temporaryFolder } from '../support/temporary.ts';

const keys = { ...batchKeys('b'), ...meetingKeys('b', 'm') };
const never = (): AbortSignal => new AbortController().signal;

interface Hand {
  /** Of the meeting. */
  readonly folder: string;
  readonly heard: string[];
  readonly taken: Taken;
}

/** Somebody on a machine of their own takes the meeting. */
async function take(redis: Redis): Promise<Hand> {
  const folder = await temporaryFolder();
  const heard: string[] = [];
  const taken = await takeMeeting({
    ...{ redis, batch: 'b', id: 'm', folder },
    onLost: () => heard.push('lost'),
    onHalted: (reason) => heard.push(reason),
    onUnkept: (name) => heard.push(name),
  });
  const own = taken.type === 'taken' ? path.join(taken.meeting.meetings, 'm') : '';
  return { folder: own, heard, taken };
}

function meetingOf({ taken }: Hand) {
  if (taken.type !== 'taken') throw new Error(taken.type);
  return taken.meeting;
}

function say(folder: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  appendFileSync(path.join(folder, 'journal.jsonl'), text);
}

describe('a meeting that is kept in Redis', () => {
  it('belongs to whoever took it last, and nobody else can add to it', async () => {
    const redis = openRedis((await startRedis()).url);
    await redis.hset(keys.batch, { tokens: 0, cost: 0 });
    const first = await take(redis);
    say(first.folder, 'one\ntwo\nhalf a li');
    const secrets = { a: 'secret of a', b: 'secret of b' };
    const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    writeSeatsFile(first.folder, { ports: { a: 1, b: 2 }, secrets, trace });
    meetingOf(first).poke({ tokens: 10, cost: 0.25 });
    await meetingOf(first).flush();
    expect(await redis.get(keys.journal)).toBe('one\ntwo\n');

    const second = await take(redis);
    expect(readFileSync(path.join(second.folder, 'journal.jsonl'), 'utf8')).toBe('one\ntwo\n');
    expect(readSeatsFile(second.folder)).toMatchObject({ pid: 0, secrets, trace });
    say(first.folder, 'ne\n');
    await meetingOf(first).flush();
    expect(first.heard).toEqual(['lost']);
    expect(await meetingOf(first).settle('done', 'max-messages')).toBe(false);
    expect(await redis.get(keys.journal)).toBe('one\ntwo\n');
    expect(await redis.llen(keys.finished)).toBe(0);

    say(second.folder, 'three\n');
    meetingOf(second).poke({ tokens: 15, cost: 0.5 });
    await meetingOf(second).flush();
    expect(await redis.get(keys.journal)).toBe('one\ntwo\nthree\n');
    expect(await redis.hmget(keys.batch, 'tokens', 'cost')).toEqual(['15', '0.5']);
    expect(await meetingOf(second).settle('done', 'max-messages')).toBe(true);
    expect((await take(redis)).taken.type).toBe('over');
  });

  it('is kept whole where Redis comes back with what it had some turns ago', async () => {
    const redis = openRedis((await startRedis()).url);
    await redis.hset(keys.batch, { tokens: 0, cost: 0 });
    const hand = await take(redis);
    const secrets = { a: 'x', b: 'y' };
    say(hand.folder, 'one\n');
    await meetingOf(hand).flush();
    writeSeatsFile(hand.folder, { ports: { a: 1, b: 2 }, secrets });
    say(hand.folder, 'two\nthree\n');
    await meetingOf(hand).flush();
    await redis.set(keys.journal, 'one\n');
    await redis.hdel(keys.meeting, 'seats');
    say(hand.folder, 'four\n');
    await meetingOf(hand).flush();
    expect(hand.heard).toEqual([]);
    expect(await redis.get(keys.journal)).toBe('one\ntwo\nthree\nfour\n');
    expect(readSeatsFile((await take(redis)).folder)).toMatchObject({ secrets });
  });

  it('goes with the files that its code has made, whole ones, up to 16 MiB', async () => {
    const redis = openRedis((await startRedis()).url);
    await redis.hset(keys.batch, { tokens: 0, cost: 0 });
    const first = await take(redis);
    say(first.folder, 'one\n');
    writeSeatsFile(first.folder, { ports: { a: 1, b: 2 }, secrets: { a: 'x', b: 'y' } });
    const workspace = new KeptFiles(path.join(first.folder, 'workspace'));
    await workspace.write('a/notes.txt', [Buffer.from('draft')]);
    await workspace.write('big.bin', [Buffer.alloc(16 * 1024 * 1024)]);
    say(first.folder, '{"type":"result"}\n');
    await meetingOf(first).flush();
    await workspace.write('a/notes.txt', [Buffer.from([0xff, 0x00, 0x0a])]);
    await new KeptFiles(path.join(first.folder, 'figures')).write('turn-1-code-1/p.png', [
      Buffer.from('png'),
    ]);
    say(first.folder, '{"type":"result"}\n');
    await meetingOf(first).flush();
    expect(first.heard).toEqual(['workspace/big.bin']);

    const second = await take(redis);
    const there = new KeptFiles(path.join(second.folder, 'workspace'));
    expect(there.list()).toEqual([{ path: 'a/notes.txt', bytes: 3 }]);
    expect(readFileSync(there.locate('a/notes.txt'))).toEqual(Buffer.from([0xff, 0x00, 0x0a]));
    expect(readFileSync(path.join(second.folder, 'figures', 'turn-1-code-1', 'p.png'), 'utf8')).toBe('png');
    await workspace.write('a/notes.txt', [Buffer.from('too late')]);
    say(first.folder, '{"type":"result"}\n');
    await meetingOf(first).flush();
    expect(first.heard).toEqual(['workspace/big.bin', 'lost']);
    expect(await redis.hget(keys.files, 'workspace/a/notes.txt')).not.toBe('too late');

    const home = { meetings: await temporaryFolder(), setAside: () => Promise.resolve(true) };
    // Another one is too much, and one that was is not any more.
    const fewer = new KeptFiles(path.join(second.folder, 'workspace'));
    await fewer.write('also.bin', [Buffer.alloc(16 * 1024 * 1024)]);
    await fewer.write('wide.bin', [Buffer.alloc(16 * 1024 * 1024)]);
    say(second.folder, '{"type":"result"}\n');
    await meetingOf(second).flush();
    await fewer.write('wide.bin', [Buffer.from('narrow')]);
    say(second.folder, '{"type":"result"}\n');
    await meetingOf(second).flush();

    const troubles: string[] = [];
    const homecoming = new Homecoming({
      ...{ redis, batch: 'b', render: () => Promise.resolve() },
      onTrouble: (sentence) => troubles.push(sentence),
    });
    expect(await meetingOf(second).settle('open', 'halted')).toBe(true);
    await homecoming.bring({ id: 'm', kind: 'open' }, home);
    expect(new KeptFiles(path.join(home.meetings, 'm', 'workspace')).list()).toEqual([
      { path: 'a/notes.txt', bytes: 3 },
      { path: 'wide.bin', bytes: 6 },
    ]);
    expect(troubles.sort()).toEqual([
      'm: workspace/also.bin was too much for Redis, and is not at home',
      'm: workspace/big.bin was too much for Redis, and is not at home',
    ]);
    expect(await redis.exists(keys.files)).toBe(0);
  });

  it('leaves what it made at home there, where that is too much for Redis', async () => {
    const redis = openRedis((await startRedis()).url);
    await redis.hset(keys.batch, { tokens: 0, cost: 0 });
    const seats = JSON.stringify({ ports: { a: 1, b: 2 }, secrets: { a: 'x', b: 'y' } });
    const home = { meetings: await temporaryFolder(), setAside: () => Promise.resolve(true) };
    const own = path.join(home.meetings, 'm');
    const workspace = new KeptFiles(path.join(own, 'workspace'));
    const names = (): string[] => workspace.list().map((file) => file.path);
    say(own, 'one\n');
    for (const name of ['stays.bin', 'changed.bin', 'taken', 'small.txt'])
      await workspace.write(name, [Buffer.from('of old')]);
    const troubles: string[] = [];
    const homecoming = new Homecoming({
      ...{ redis, batch: 'b', render: () => Promise.resolve() },
      onTrouble: (sentence) => troubles.push(sentence),
    });
    const bring = async (journal: string, files: Record<string, string>, unkept: readonly string[]) => {
      await redis.hset(keys.meeting, { seats });
      for (const name of unkept) await redis.hset(keys.meeting, `unkept:${name}`, '');
      await redis.set(keys.journal, journal);
      await redis.hset(keys.files, files);
      await homecoming.bring({ id: 'm', kind: 'open' }, home);
    };

    await bring(
      'one\ntwo\n',
      { 'workspace/small.txt': 'new', 'workspace/taken/x': 'new', 'elsewhere/x': 'new' },
      ['workspace/changed.bin', 'figures/far.png', '../x'],
    );
    expect(readFileSync(path.join(own, 'journal.jsonl'), 'utf8')).toBe('one\ntwo\n');
    expect(names()).toEqual(['small.txt', 'stays.bin', 'taken']);
    expect(readFileSync(workspace.locate('small.txt'), 'utf8')).toBe('new');
    expect(troubles.sort()).toEqual([
      'm: ../x was too much for Redis, and is not at home',
      expect.stringMatching(/^m: elsewhere\/x is not brought home: .*cannot be called/),
      'm: figures/far.png was too much for Redis, and is not at home',
      'm: workspace/changed.bin was too much for Redis, and is not at home',
      expect.stringMatching(/^m: workspace\/taken\/x is not brought home: EEXIST/),
    ]);

    // It was begun anew elsewhere: what is here is of another meeting.
    await bring('another\n', { 'workspace/small.txt': 'another' }, []);
    expect(names()).toEqual(['small.txt']);
  });

  it('brings no file to any other place', async () => {
    const redis = openRedis((await startRedis()).url);
    await redis.hset(keys.batch, { tokens: 0, cost: 0 });
    await redis.hset(
      keys.meeting,
      'seats',
      JSON.stringify({ ports: { a: 1, b: 2 }, secrets: { a: 'x', b: 'y' } }),
    );
    await redis.set(keys.journal, 'one\n');
    for (const name of ['workspace/../../escaped', 'journal.jsonl', '/tmp/escaped', 'verdicts/x.json']) {
      await redis.del(keys.files);
      await redis.hset(keys.files, name, 'x');
      await expect(take(redis)).rejects.toThrow(/cannot be called/);
    }
  });

  it('waits for a Redis that has no room, instead of dropping what was said', async () => {
    const redis = openRedis((await startRedis()).url);
    await redis.hset(keys.batch, { tokens: 0, cost: 0 });
    const hand = await take(redis);
    say(hand.folder, 'one\n');
    await redis.config('SET', 'maxmemory', '1');
    const refused = meetingOf(hand).flush();
    const isOver = await Promise.race([refused.then(() => true), sleep(200, false)]);
    expect(isOver).toBe(false);
    await redis.config('SET', 'maxmemory', '0');
    await refused;
    expect(await redis.get(keys.journal)).toBe('one\n');
  });

  it('is halted with its batch by the turn that reaches the limit, and is not taken then', async () => {
    const { url } = await startRedis();
    const redis = openRedis(url);
    await redis.hset(keys.batch, { tokens: 90, cost: 0, max_tokens: 100, max_cost: 0 });
    const hand = await take(redis);
    const told: string[] = [];
    const subscriber = openRedis(url);
    await subscriber.subscribe(keys.halt);
    subscriber.on('message', (_, reason: string) => told.push(reason));
    meetingOf(hand).poke({ tokens: 9, cost: 0 });
    await meetingOf(hand).flush();
    expect(hand.heard).toEqual([]);
    meetingOf(hand).poke({ tokens: 10, cost: 0 });
    await meetingOf(hand).flush();
    expect(hand.heard).toContain('100 tokens');
    await expect.poll(() => told).toEqual(['100 tokens']);
    expect((await take(redis)).taken.type).toBe('halted');
    await redis.del(keys.batch);
    expect((await take(redis)).taken.type).toBe('gone');
  });
});

const shared = {
  ...{ software: 'colloquy', owner: 'here:/b', prices: '[]', requests: '{}' },
  ...{ max_tokens: 0, max_cost: 0, polite_ms: 0 },
};

describe('what a worker knows of a batch', () => {
  it('is what the batch says now, and a part that was missing once is asked for again', async () => {
    const redis = openRedis((await startRedis()).url);
    const batches = new ReceivedBatches(redis);
    await expect(batches.get('b')).rejects.toThrow('not there any more');
    await redis.hset(keys.batch, { ...shared, software: `colloquy ${readVersion()}`, tokens: 0 });
    const first = await batches.get('b');
    await redis.hset(keys.batch, { tokens: 10, halted: '10 tokens' });
    expect(await batches.get('b')).toBe(first);
    await redis.hset(keys.batch, { requests: '{"openai":{"per_minute":6}}' });
    expect(await batches.get('b')).not.toBe(first);

    const parts = new Parts(redis, 'b');
    const digest = await new Parts(redis, 'c').put({ some: 'part' });
    await expect(parts.get(digest)).rejects.toThrow('missing');
    await new Parts(redis, 'b').put({ some: 'part' });
    expect(await parts.get(digest)).toEqual({ some: 'part' });
  });
});

describe('a worker whose disk takes nothing', () => {
  it('says so, there and to who waits, and leaves the meeting as it is to others', async () => {
    const redis = new Redis((await startRedis()).url, { maxRetriesPerRequest: null });
    onTestFinished(() => redis.disconnect());
    await redis.hset(batchKeys('b').batch, shared);
    const queue = new Queue(queueName, { connection: redis, prefix: queuePrefix });
    const data = { batch: 'b', id: 'm', relay: '', a: '', b: '', chosenFirst: 'a' };
    await queue.add('meeting', data, { jobId: queueId('b', 'm'), attempts: 1 });
    const full = path.join(await temporaryFolder(), 'full');
    writeFileSync(full, '');
    const events: string[] = [];
    const worker = new MeetingWorker({
      ...{ redis, atOnce: 1, leaseMs: 2_000, folder: full },
      prepare: () => Promise.reject(new Error('never gets so far')),
      environment: { software: 'colloquy', log: { info: () => {}, warn: () => {} } },
      onEvent(event) {
        events.push(event.type === 'unfit' ? event.reason : event.type);
        worker.stop();
      },
    });
    await worker.run();
    const sentence = `nothing can be written to ${full} (ENOTDIR: not a directory); make room there, or start the worker with another TMPDIR`;
    expect(events).toEqual([sentence]);
    expect(await redis.hget(keys.batch, 'refused')).toContain(sentence);
    expect(await redis.scard(keys.running)).toBe(0);
    expect(await queue.getDelayedCount()).toBe(1);
    await queue.close();
  });
});

describe('a worker that is told to stop', () => {
  it('leaves the meeting that the queue gives it in that moment to others', async () => {
    const redis = new Redis((await startRedis()).url, { maxRetriesPerRequest: null });
    onTestFinished(() => redis.disconnect());
    await redis.hset(batchKeys('b').batch, shared);
    const queue = new Queue(queueName, { connection: redis, prefix: queuePrefix });
    const part = { relay: '', a: '', b: '', chosenFirst: 'a' };
    for (const id of ['m', 'n'])
      await queue.add('meeting', { batch: 'b', id, ...part }, { jobId: queueId('b', id) });
    const prepared: string[] = [];
    const worker = new MeetingWorker({
      ...{ redis, atOnce: 1, leaseMs: 2_000, folder: await temporaryFolder() },
      prepare({ id }) {
        prepared.push(id);
        return Promise.reject(new Error('cannot be held here'));
      },
      environment: { software: 'colloquy', log: { info: () => {}, warn: () => {} } },
      // The queue has been told, and answers with the next one.
      onEvent: ({ type }) => void (type === 'ended' && setImmediate(() => worker.stop())),
    });
    await worker.run();
    expect(prepared).toEqual(['m']);
    expect(await queue.getJobCountByTypes('wait', 'active')).toBe(1);
    expect(await queue.getWaitingCount()).toBe(1);
    await queue.close();
  });
});

describe('what workers have held', () => {
  const wish = { persona: 'eliza' };
  const job: Job = {
    ...{ id: 'm', seats: { a: wish, b: wish }, seed: 1, repetition: 1 },
    ...{ setting: {}, settingName: '1', chosenFirst: 'a' },
  };

  /** Somebody who has the meeting held, and what came of it. */
  async function awaitMeeting(url: string, meetings: string, polite = never()) {
    const aside: string[] = [];
    const holder = new RemoteHolder({
      ...{ redis: new Redis(url, { maxRetriesPerRequest: null }), batch: 'b', shared, retries: 1 },
      ship: () => Promise.resolve({ relay: '', a: '', b: '', chosenFirst: 'a' as const }),
      render: () => Promise.resolve(),
      onTrouble: () => {},
    });
    const setAside = (): Promise<boolean> => {
      aside.push(readFileSync(path.join(meetings, 'm', 'journal.jsonl'), 'utf8'));
      return Promise.resolve(true);
    };
    await holder.fetch({ meetings, setAside });
    await holder.begin({ tokens: 0, cost: 0 });
    const outcome = holder.hold(job, {
      ...{ meetings, setAside, polite },
      onBegun: () => {},
      onHandedBack: () => {},
      onSpent: () => {},
    });
    onTestFinished(() => holder.end(false));
    return { outcome, aside, end: () => holder.end(false) };
  }

  it('comes home whole, tries that failed apart, and what failed may be held again', async () => {
    const { url } = await startRedis();
    const redis = openRedis(url);
    const meetings = await temporaryFolder();
    const first = await awaitMeeting(url, meetings);
    for (const kind of ['again', 'failed'] as const) {
      const hand = await take(redis);
      say(hand.folder, `${kind}\n`);
      writeSeatsFile(hand.folder, { ports: { a: 1, b: 2 }, secrets: { a: 'x', b: 'y' } });
      await meetingOf(hand).flush();
      expect(await meetingOf(hand).settle(kind, 'no reply')).toBe(true);
    }
    expect(await first.outcome).toEqual({ type: 'failed', reason: 'no reply', retryable: false });
    expect(first.aside).toEqual(['again\n']);
    const journal = path.join(meetings, 'm', 'journal.jsonl');
    expect(readFileSync(journal, 'utf8')).toBe('failed\n');
    await first.end();

    const second = await awaitMeeting(url, meetings);
    await expect.poll(() => redis.hexists(keys.meeting, 'outcome')).toBe(0);
    const hand = await take(redis);
    expect(existsSync(hand.folder)).toBe(false);
    say(hand.folder, 'well\n');
    await meetingOf(hand).flush();
    await meetingOf(hand).settle('done', 'max-messages');
    expect(await second.outcome).toEqual({ type: 'done', reason: 'max-messages' });
    expect(readFileSync(journal, 'utf8')).toBe('well\n');
    // Whoever is given it once more does not begin it once more.
    expect((await take(redis)).taken.type).toBe('over');
  });

  it('comes home from a worker that died, when the batch is halted', async () => {
    const { url } = await startRedis();
    const redis = openRedis(url);
    const meetings = await temporaryFolder();
    const halt = new AbortController();
    const { outcome } = await awaitMeeting(url, meetings, halt.signal);
    const hand = await take(redis);
    say(hand.folder, 'said\n');
    writeSeatsFile(hand.folder, { ports: { a: 1, b: 2 }, secrets: { a: 'x', b: 'y' } });
    await meetingOf(hand).flush();
    // Its lease is over, and nobody else has taken it.
    halt.abort();
    expect(await outcome).toEqual({ type: 'interrupted' });
    expect(readFileSync(path.join(meetings, 'm', 'journal.jsonl'), 'utf8')).toBe('said\n');
    expect(readSeatsFile(path.join(meetings, 'm'))).toMatchObject({ pid: 0 });
  });

  it('has its tries that failed come home, though it waits for another one when the batch is halted', async () => {
    const { url } = await startRedis();
    const redis = openRedis(url);
    const halt = new AbortController();
    const { outcome, aside } = await awaitMeeting(url, await temporaryFolder(), halt.signal);
    const hand = await take(redis);
    say(hand.folder, 'said\n');
    meetingOf(hand).poke({ tokens: 10, cost: 0.25 });
    await meetingOf(hand).flush();
    expect(await meetingOf(hand).settle('again', 'no reply')).toBe(true);
    halt.abort();
    expect(await outcome).toEqual({ type: 'interrupted' });
    expect(aside).toEqual(['said\n']);
    expect(await redis.exists(keys.tries, keys.spent)).toBe(0);
  });

  it('is counted once where it was left in the middle, and is put back', async () => {
    const { url } = await startRedis();
    const redis = openRedis(url);
    const meetings = await temporaryFolder();
    await awaitMeeting(url, meetings);
    const hand = await take(redis);
    say(hand.folder, 'said\n');
    writeSeatsFile(hand.folder, { ports: { a: 1, b: 2 }, secrets: { a: 'x', b: 'y' } });
    meetingOf(hand).poke({ tokens: 10, cost: 0.25 });
    await meetingOf(hand).flush();
    expect(await redis.hmget(keys.batch, 'tokens', 'cost')).toEqual(['10', '0.25']);
    // It had been halted before, and is gone on with.
    expect(await meetingOf(hand).settle('open', '')).toBe(true);
    await expect.poll(() => existsSync(path.join(meetings, 'm', 'seats.json'))).toBe(true);
    await expect.poll(() => redis.exists(keys.journal)).toBe(0);
    expect(await redis.hmget(keys.batch, 'tokens', 'cost')).toEqual(['0', '0']);
  });

  it('can be gone on with where the batch is halted just after Redis has lost it', async () => {
    const { url } = await startRedis();
    const redis = openRedis(url);
    const meetings = await temporaryFolder();
    const halt = new AbortController();
    const { outcome, end } = await awaitMeeting(url, meetings, halt.signal);
    await redis.flushall();
    halt.abort();
    expect(await outcome).toEqual({ type: 'interrupted' });
    await end();
    // Somebody presses Ctrl-C when all is over: nothing is thrown that nobody catches.
    const late = new AbortController();
    const again = await awaitMeeting(url, meetings, late.signal);
    await again.end();
    late.abort();
    await sleep(50);
    await expect(readBatch(redis, 'b')).resolves.toMatchObject(shared);
  });

  it('is not written where a name leads out of the folder', async () => {
    const { url } = await startRedis();
    const redis = openRedis(url);
    const meetings = path.join(await temporaryFolder(), 'batch', 'meetings');
    await redis.hset(batchKeys('b').batch, shared);
    const { journal } = meetingKeys('b', '../../out');
    await redis.set(journal, 'evil\n');
    await redis.rpush(keys.finished, JSON.stringify({ id: '../../out', kind: 'done', reason: 'idle' }));
    const { end } = await awaitMeeting(url, meetings);
    // It stands in nobody's way.
    expect(await redis.llen(keys.finished)).toBe(0);
    await end();
    expect(existsSync(path.join(meetings, '..', '..', 'out'))).toBe(false);
  });
});

describe('what several processes share who ask one service', () => {
  it('lets so many in at a time, evenly spread, and nobody while the service wants a pause', async () => {
    const { url } = await startRedis();
    const connections = [openRedis(url), openRedis(url), openRedis(url)];
    const gates = connections.map(
      (redis) => new RedisRequestGate(redis, 'openai https://x', { atOnce: 2, perMinute: 600 }),
    );
    const beganAtMs: number[] = [];
    let [underWay, most] = [0, 0];
    await Promise.all(
      Array.from({ length: 12 }, async (_, at) => {
        const leave = await gates[at % 3]?.enter(never());
        beganAtMs.push(performance.now());
        most = Math.max(most, ++underWay);
        await sleep(250);
        underWay--;
        leave?.();
      }),
    );
    expect(most).toBe(2);
    const gaps = beganAtMs.slice(1).map((atMs, at) => atMs - Number(beganAtMs[at]));
    // Unspread, every other one would be none; a busy machine may shorten one or two.
    expect(gaps.sort((one, other) => one - other)[5]).toBeGreaterThan(50);

    const heldAtMs = performance.now();
    gates[0]?.holdBack(2_500);
    await connections[0]?.ping();
    const said: string[] = [];
    const leave = await gates[1]?.enter(never(), (why) => said.push(why));
    expect(performance.now() - heldAtMs).toBeGreaterThan(2_400);
    expect(said).toEqual([expect.stringMatching(/^the service wants a pause, goes on in [1-3] s$/)]);
    leave?.();
  });

  it('is not held up for ever by a service that names a time that never comes', async () => {
    const redis = openRedis((await startRedis()).url);
    const gate = new RedisRequestGate(redis, 'x', { atOnce: 1, perMinute: 0 });
    gate.holdBack(Number.MAX_VALUE);
    await redis.ping();
    const [key = ''] = await redis.keys('colloquy:gate:*');
    expect(Number(await redis.hget(key, 'held'))).toBeLessThan(Date.now() + 25 * 3_600_000);
    expect(await redis.pttl(key)).toBeGreaterThan(0);
    await expect(gate.enter(AbortSignal.timeout(50))).rejects.toThrow(/timeout/i);
  });

  it('lets those go who do not want to wait any longer', async () => {
    const redis = openRedis((await startRedis()).url);
    const gate = new RedisRequestGate(redis, 'x', { atOnce: 1, perMinute: 0 });
    const leave = await gate.enter(never());
    const impatient = AbortSignal.timeout(50);
    await expect(gate.enter(impatient)).rejects.toThrow(/timeout/i);
    leave();
    // The place was not taken by the one who went, nor by one who goes while the turn is awaited.
    (await gate.enter(AbortSignal.timeout(2_000)))();
    const slow = new RedisRequestGate(redis, 'y', { atOnce: 1, perMinute: 30 });
    (await slow.enter(never()))();
    await expect(slow.enter(AbortSignal.timeout(50))).rejects.toThrow(/timeout/i);
    expect(await redis.zcard((await redis.keys('colloquy:gate:*:underway'))[0] ?? '')).toBe(0);
  });
});

describe('a Redis that is not there', () => {
  it('is told of in one sentence, without its password', async () => {
    await expect(connectRedis('redis://me:word@127.0.0.1:1')).rejects.toThrow(
      /^Redis at redis:\/\/127\.0\.0\.1:1 cannot be used: .*; start one \(redis-server\), or name another with --redis$/,
    );
    await expect(connectRedis('http://127.0.0.1')).rejects.toThrow('must begin with redis:// or rediss://');
  });
});
