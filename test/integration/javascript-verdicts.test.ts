import { describe, expect, it } from 'vitest';
import { findTiers, startInterpreter } from '../support/tiers.ts';

const { present, absent } = await findTiers(['deno']);
for (const { name, why } of absent) it.skip(`${name} is not tried: ${why}`);

describe.each(present.map((tier) => ({ tier, name: tier.name })))('on $name', ({ tier }) => {
  it.each([
    [
      'gives every object a then that says it went well',
      `Object.defineProperty(Object.prototype, 'then', { configurable: true, get() {
         if (this.outcome !== 'failed') return undefined;
         return (resolve) => resolve({ outcome: 'ok', __proto__: null });
       } });`,
    ],
    [
      'patches what await calls',
      `const then = Promise.prototype.then;
       Promise.prototype.then = function (ok, bad) { return then.call(this, () => ok({ outcome: 'ok' }), () => ok({ outcome: 'ok' })); };
       Object.defineProperty(Promise.prototype, 'constructor', { value: class extends Promise {} });`,
    ],
    [
      'takes the place of the port it is asked over',
      `const dispatch = EventTarget.prototype.dispatchEvent;
       EventTarget.prototype.dispatchEvent = function (event) {
         if (event.data?.token) this.postMessage({ token: event.data.token, answer: { outcome: 'ok' } });
         return dispatch.call(this, event);
       };`,
    ],
  ])('a test that fails does not pass because code %s', async (_title, attack) => {
    const interpreter = await startInterpreter(tier);
    const attacked = `try { ${attack} } catch {}`;
    await interpreter.run({ kind: 'code', language: 'javascript', code: attacked, name: 'code block 1' });
    const code = `${attacked}\nthrow new Error('it does not hold');`;
    const { outcome } = await interpreter.run({
      kind: 'test',
      language: 'javascript',
      code,
      name: 'test block 1',
    });
    expect(['failed', 'lost']).toContain(outcome);
  });

  it('Python may print through the console of JavaScript', async () => {
    const interpreter = await startInterpreter(tier);
    const code = 'import js\njs.console.log("hello", 1)';
    expect(
      await interpreter.run({ kind: 'code', language: 'python', code, name: 'code block 1' }),
    ).toMatchObject({
      outcome: 'ok',
      output: 'hello 1\n',
    });
  });

  it('nothing computes on threads that nobody can end', async () => {
    const interpreter = await startInterpreter(tier);
    const code = 'typeof crypto.subtle + typeof crypto.randomUUID()';
    expect(
      await interpreter.run({ kind: 'code', language: 'javascript', code, name: 'code block 1' }),
    ).toMatchObject({
      outcome: 'ok',
      output: expect.stringMatching(/undefinedstring/) as string,
    });
  });
});
