import { describe, expect, it } from 'vitest';
import { Admission, type AdmissionLimits, type Visit } from '../../../proxy/admission.ts';

const here = '127.0.0.1';
const there = '192.0.2.1';

/** An admission with a clock that stands still, and the names of those it dropped. */
function open(limits: Partial<AdmissionLimits> = {}) {
  const clock = { ms: 1_000_000, nowMs: () => clock.ms };
  const admission = new Admission(
    { connections: 100, connectionsPerAddress: 50, strangers: 10, ...limits },
    clock,
  );
  const dropped: string[] = [];
  const arrive = (address: string, name = address): Visit | undefined => {
    // A socket that is destroyed closes a moment later.
    const visit = admission.arrive(address, () => {
      dropped.push(name);
      leaving.push(() => visit?.leave());
    });
    return visit;
  };
  const leaving: (() => void)[] = [];
  const settle = (): void => leaving.splice(0).forEach((leave) => leave());
  const guess = (address: string): number | undefined => {
    const visit = arrive(address);
    const delayMs = visit?.guess();
    visit?.leave();
    return delayMs;
  };
  return { admission, arrive, guess, dropped, settle, clock };
}

describe('as many as may come', () => {
  it('are let in, and no more once all of them are known', () => {
    const { arrive, admission } = open({ connections: 3, strangers: 3 });
    const visits = [1, 2, 3].map((each) => arrive(`192.0.2.${each}`));
    visits.forEach((visit) => visit?.prove());
    expect(arrive('192.0.2.9')).toBeUndefined();
    visits[0]?.leave();
    expect(arrive('192.0.2.9')).toBeDefined();
    expect(admission.connections).toBe(3);
  });

  it('are counted for each address, but not for this machine', () => {
    const { arrive } = open({ connectionsPerAddress: 2, strangers: 100 });
    for (const each of [1, 2]) arrive(there, String(each))?.prove();
    expect(arrive(there)).toBeUndefined();
    expect(arrive(`::ffff:${there}`)).toBeUndefined();
    expect(arrive('192.0.2.2')).toBeDefined();
    for (let count = 0; count < 20; count++) expect(arrive(here)).toBeDefined();
  });

  it('are counted together where they come from one /64', () => {
    const { arrive } = open({ connectionsPerAddress: 2 });
    arrive('2001:db8::1')?.prove();
    arrive('2001:db8::2')?.prove();
    expect(arrive('2001:db8::3')).toBeUndefined();
    expect(arrive('2001:db8:0:1::3')).toBeDefined();
  });

  it('are without a limit of their own where that is 0', () => {
    const { arrive } = open({ connectionsPerAddress: 0, strangers: 100 });
    for (let count = 0; count < 60; count++) expect(arrive(there)).toBeDefined();
  });
});

describe('strangers', () => {
  it('give way to newcomers, the oldest first', () => {
    const { arrive, dropped, settle, admission } = open({ strangers: 3 });
    for (const name of ['first', 'second', 'third', 'fourth', 'fifth'])
      expect(arrive(there, name)).toBeDefined();
    expect(dropped).toEqual(['first', 'second']);
    settle();
    expect([admission.connections, admission.strangers]).toEqual([3, 3]);
  });

  it('give way where there are the most of them', () => {
    const { arrive, dropped } = open({ strangers: 4 });
    arrive('198.51.100.1', 'quiet');
    for (const name of ['loud 1', 'loud 2', 'loud 3']) arrive(there, name);
    for (const each of [1, 2]) arrive(`203.0.113.${each}`, `new ${each}`);
    expect(dropped).toEqual(['loud 1', 'loud 2']);
  });

  it('give way when the house is full, and to nobody when they have proved who they are', () => {
    const { arrive, dropped } = open({ connections: 3, strangers: 3 });
    const [known, alsoKnown] = [arrive(there, 'known'), arrive(there, 'also known')];
    known?.prove();
    alsoKnown?.prove();
    arrive(there, 'stranger');
    const newcomer = arrive('192.0.2.9', 'newcomer');
    expect(dropped).toEqual(['stranger']);
    newcomer?.prove();
    expect(arrive('192.0.2.10', 'late')).toBeUndefined();
    expect(dropped).toEqual(['stranger']);
  });

  it('of an address that has too many make room for its own, and no other does', () => {
    const { arrive, dropped } = open({ connectionsPerAddress: 2 });
    arrive('192.0.2.9', 'other');
    for (const name of ['own 1', 'own 2', 'own 3']) expect(arrive(there, name)).toBeDefined();
    expect(dropped).toEqual(['own 1']);
  });

  it('two thousand of them keep nobody out who greets', () => {
    const { arrive, dropped, settle, admission } = open({
      connections: 200,
      connectionsPerAddress: 0,
      strangers: 50,
    });
    const known = [1, 2, 3, 4].map((each) => arrive(here, `known ${each}`));
    known.forEach((visit) => visit?.prove());
    for (let count = 0; count < 2_000; count++) {
      arrive(there, 'stranger');
      settle();
    }
    const friend = arrive(here, 'friend');
    expect(friend).toBeDefined();
    friend?.prove();
    for (let count = 0; count < 2_000; count++) arrive(there, 'stranger');
    expect(new Set(dropped)).toEqual(new Set(['stranger']));
    settle();
    expect([admission.connections, admission.strangers]).toEqual([55, 50]);
  });

  it('may send little together: who has sent the most goes', () => {
    const { arrive, dropped, admission } = open({
      strangers: 1_000,
      connectionsPerAddress: 0,
      connections: 2_000,
    });
    const [quiet, loud] = [arrive(there, 'quiet'), arrive(there, 'loud')];
    quiet?.hear(1);
    loud?.hear(256 * 1024);
    for (let count = 0; count < 255; count++) arrive(there, 'others')?.hear(255 * 1024);
    expect(dropped).toEqual([]);
    arrive(there, 'last')?.hear(255 * 1024);
    for (let count = 0; count < 3; count++) arrive(there, 'more')?.hear(255 * 1024);
    expect(dropped[0]).toBe('loud');
    expect(dropped).not.toContain('quiet');
    // Those who are known are not counted.
    const before = dropped.length;
    quiet?.prove();
    quiet?.hear(1024 ** 3);
    expect(dropped.length).toBe(before);
    expect(admission.strangers).toBeGreaterThan(250);
  });

  it('are counted once, however often they prove or leave', () => {
    const { arrive, admission } = open();
    const visit = arrive(there);
    visit?.prove();
    visit?.prove();
    visit?.leave();
    visit?.leave();
    visit?.prove();
    expect([admission.connections, admission.strangers]).toEqual([0, 0]);
    expect(arrive(there)).toBeDefined();
  });
});

describe('who guesses tokens', () => {
  it('may err five times in a minute', () => {
    const { guess, clock } = open();
    for (let minute = 0; minute < 3; minute++) {
      for (let count = 0; count < 5; count++) expect(guess(there)).toBe(0);
      clock.ms += 60_001;
    }
  });

  it('is shut out for a time that grows, up to a minute', () => {
    const { guess, arrive, clock } = open();
    for (let count = 0; count < 6; count++) guess(there);
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      expect(arrive(there), `${seconds} s`).toBeUndefined();
      clock.ms += seconds * 1_000 - 1;
      expect(arrive(there), `${seconds} s`).toBeUndefined();
      clock.ms += 1;
      expect(guess(there), `${seconds} s`).toBe(0);
    }
  });

  it('shuts out nobody else', () => {
    const { guess, arrive } = open();
    for (let count = 0; count < 6; count++) guess(there);
    expect(arrive(there)).toBeUndefined();
    expect(arrive('192.0.2.2')).toBeDefined();
  });

  it('is forgotten after ten minutes', () => {
    const { guess, arrive, clock } = open();
    for (let count = 0; count < 6; count++) guess(there);
    clock.ms += 10 * 60_000 + 1;
    for (let count = 0; count < 5; count++) guess(there);
    expect(arrive(there)).toBeDefined();
  });

  it('does not get further with connections made before', () => {
    const { arrive, dropped } = open({ strangers: 100 });
    const visits = Array.from({ length: 20 }, (_, index) => arrive(there, `guess ${index}`));
    for (const visit of visits.slice(0, 6)) visit?.guess();
    expect(dropped).toHaveLength(19);
    expect(dropped).not.toContain('guess 5');
  });

  it('waits for the answer where others have a seat, and those who know the token get in', () => {
    const { arrive, guess, clock } = open();
    arrive(there)?.prove();
    for (let count = 0; count < 5; count++) expect(guess(there)).toBe(0);
    const waits = [1, 2, 3, 4, 5, 6].map(() => guess(there));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    const friend = arrive(there);
    expect(friend).toBeDefined();
    friend?.prove();
    clock.ms += 1;
  });

  it('waits for the answer on this machine, which is never shut out', () => {
    const { arrive, guess } = open();
    for (let count = 0; count < 5; count++) expect(guess(here)).toBe(0);
    expect(guess(here)).toBe(1_000);
    expect(arrive(here)).toBeDefined();
  });

  it('is remembered among ten thousand others, and no more', () => {
    const { guess, arrive, clock } = open();
    for (let count = 0; count < 6; count++) guess(there);
    for (let each = 0; each < 20_000; each++) guess(`10.${each >> 16}.${(each >> 8) & 255}.${each & 255}`);
    // Pushed out by then: the price of a bounded memory.
    expect(arrive(there)).toBeDefined();
    clock.ms += 1;
  });
});
