import { describe, expect, it } from 'vitest';
import { isJsonGreetingStart, parseGreeting } from '../../../wire/greeting.ts';

describe('the classic greeting', () => {
  it.each([
    ['/iam: Eliza (en) [f].llama3.2', { name: 'Eliza', lang: 'en', gender: 'f', model: 'llama3.2' }],
    [
      '/iam: Dr. Ada Quill (en) [f].gpt-4.1',
      { name: 'Dr. Ada Quill', lang: 'en', gender: 'f', model: 'gpt-4.1' },
    ],
    ['/iam: Dr. Ada Quill', { name: 'Dr. Ada Quill' }],
    ['/iam: Dr.Quill.llama3', { name: 'Dr.Quill', model: 'llama3' }],
    ['/iam: Sheldon Cooper.gpt-4.1', { name: 'Sheldon Cooper', model: 'gpt-4.1' }],
    ['/iam: J.R. Ewing', { name: 'J.R. Ewing' }],
    ['/iam: Σωκράτης (el)', { name: 'Σωκράτης', lang: 'el' }],
    ['/iam: Nemo [m]', { name: 'Nemo', gender: 'm' }],
    ['/iam: Nemo [m].org/model:7b', { name: 'Nemo', gender: 'm', model: 'org/model:7b' }],
    ['/iam: Nemo (fr) [m].', { name: 'Nemo', lang: 'fr', gender: 'm' }],
    ['/iam Nemo', { name: 'Nemo' }],
    ['/iam: ../../etc/passwd', { name: '../../etc/passwd' }],
  ])('%s', (line, participant) => {
    expect(parseGreeting(line)).toEqual({ dialect: 'classic', participant, features: [] });
  });

  it.each(['/iam:', '/iam: (en) [f].x', `/iam: ${'x'.repeat(201)}`])(
    'is refused without a name: %.30s',
    (line) => {
      expect(() => parseGreeting(line)).toThrowError(/NAME \(lang\) \[gender\]\.MODEL/);
    },
  );
});

it('refuses a greeting of a megabyte at once', () => {
  const started = performance.now();
  expect(() => parseGreeting(`/iam: ${'a.'.repeat(500_000)}`)).toThrowError(/too long/);
  expect(performance.now() - started).toBeLessThan(5_000);
});

describe('the greeting in JSON', () => {
  it('carries all an agent may say of itself', () => {
    const line =
      '/iam: {"name":"A","lang":"en","model":"m","meeting":"m1","token":"t","features":["note","telepathy"]}';
    expect(parseGreeting(line)).toEqual({
      dialect: 'framed',
      participant: { name: 'A', lang: 'en', model: 'm' },
      meeting: 'm1',
      token: 't',
      features: ['note'],
    });
  });

  it('adds the hash of the persona', () => {
    const { participant } = parseGreeting('/iam: {"name":"A","persona":"abc"}');
    expect(participant.persona).toEqual({
      text: 'abc',
      // printf abc | sha256sum
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
  });

  it.each(['../x', '.hidden', 'a/b', '', 'x'.repeat(101), 'a b', 'ü'])(
    'refuses the meeting %j',
    (meeting) => {
      expect(() => parseGreeting(`/iam: ${JSON.stringify({ name: 'A', meeting })}`)).toThrowError(
        /letters, digits/,
      );
    },
  );

  it.each(['{', '{}', '{"name":7}', '{"name":"A","features":"note"}', '{"name":""}'])(
    'refuses %s',
    (json) => {
      expect(() => parseGreeting(`/iam: ${json}`)).toThrowError(/no valid JSON greeting/);
    },
  );

  it('refuses what is nested so deeply that nobody could write it down again', () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    expect(() => parseGreeting(`/iam: {"name":"A","parameters":{"x":${deep}}}`)).toThrowError(
      /nested too deeply/,
    );
    const { participant } = parseGreeting('/iam: {"name":"A","parameters":{"stop":["x"],"a":{"b":[1]}}}');
    expect(participant.parameters).toEqual({ stop: ['x'], a: { b: [1] } });
  });

  it('is recognised from its first characters', () => {
    expect(isJsonGreetingStart('/iam: {"na')).toBe(true);
    expect(isJsonGreetingStart('/iam: Nemo {')).toBe(false);
  });
});
