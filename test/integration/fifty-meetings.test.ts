import { describe, expect, it, onTestFinished } from 'vitest';
import { SidecarClient } from '../../sidecar/client.ts';
import { InterpreterPool } from '../../sidecar/interpreter-pool.ts';
import { SidecarLink } from '../../sidecar/link.ts';
import { createPolicy } from '../../sidecar/policy.ts';
import { SidecarServer } from '../../sidecar/server.ts';
import { RawClient, startRelay } from '../support/relay.ts';
import { findTiers, smallLimits } from '../support/tiers.ts';

const { present, absent } = await findTiers(['bubblewrap', 'deno']);
for (const { name, why } of absent) it.skip(`${name} is not tried: ${why}`);

const count = 50;
const fence = (marker: string, ...lines: string[]): string =>
  `${marker}\\n\`\`\`python\\n${lines.join('\\n')}\\n\`\`\`\n`;

describe.each(present.map((tier) => ({ tier, name: tier.name })))('on $name', ({ tier }) => {
  it('fifty meetings with code at once each have variables, files and luck of their own', async () => {
    const pool = new InterpreterPool(tier, { ...smallLimits, seconds: 10 });
    const policy = createPolicy({ policy: true, allowed_domains: [], allowed_extensions: ['txt'] });
    const log = { info: () => {}, warn: () => {} };
    const server = new SidecarServer({ pool, policy, token: 'secret', log });
    onTestFinished(() => server.close());
    const port = await server.listen('127.0.0.1', 0);
    const link = new SidecarLink(() => SidecarClient.connect({ host: '127.0.0.1', port, token: 'secret' }));
    onTestFinished(() => link.close());
    const settings = {
      seats: 'both',
      blocks: 'marked',
      passes: 2,
      policy: true,
      approve: false,
      limits: { seconds: 10 },
    } as const;
    const { ports, journal } = await startRelay({}, { settings, runner: link });

    const hold = async (index: number): Promise<string> => {
      const greeting = { meeting: `m-${index}`, features: [] };
      const a = await RawClient.greet(ports.a, { ...greeting, name: 'A' });
      const b = await RawClient.greet(ports.b, { ...greeting, name: 'B' });
      await a.until('/start\n');
      a.send(
        fence(
          'RUN-CODE',
          'import random',
          `mine = ${index}`,
          'with open("mine.txt", "w") as f:',
          `    f.write("${index}")`,
          'random.random()',
        ),
      );
      const luck = /text\\n(0\.\d+)/.exec(await b.until(/output:.*\n/))?.[1] ?? '';
      const test = fence(
        'TEST-ASSERT',
        `assert mine == ${index}`,
        `assert open("mine.txt").read() == "${index}"`,
      );
      b.send(test);
      await a.until(/passed.*\n/);
      a.send(test);
      await b.until('/stop: tests-passed');
      return luck;
    };
    const luck = await Promise.all(Array.from({ length: count }, (_, index) => hold(index)));
    expect(new Set(luck).size).toBe(count);
    for (let index = 0; index < count; index++) {
      const results = journal(`m-${index}`).filter((event) => event.type === 'result');
      expect(results.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
      expect(results[0]?.files).toEqual([{ path: 'mine.txt', bytes: String(index).length }]);
    }
  }, 180_000);
});
