import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { describeBatch } from '../../../cli/batch-estimate.ts';
import { BatchPlan } from '../../../cli/batch-plan.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function planOf(text: string): Promise<BatchPlan> {
  const file = path.join(await temporaryFolder(), 'batch.yml');
  writeFileSync(file, text);
  return new BatchPlan(file);
}

it('adds up all meetings of a batch, and looks at each kind of them once', async () => {
  const matrix = `name: many
personas: { a: [eliza], b: [parry] }
settings: [{ max_messages: 4 }, { max_messages: 10 }]
`;
  const plan = await planOf(`${matrix}repeat: 500\n`);
  const looks = vi.spyOn(plan, 'expectedSpeaker');
  const text = await describeBatch(plan, 4);
  expect(text).toContain('many: 1000 meetings');
  expect(text).toContain(`about ${(500 * 14).toLocaleString('en')} messages`);
  // Two seats, two settings, and who begins.
  expect(looks.mock.calls.length).toBeLessThanOrEqual(8);
  const one = plan.proxyConfig({ setting: { max_messages: 4 } });
  expect(plan.proxyConfig({ setting: { max_messages: 4 } })).toBe(one);
  expect(plan.proxyConfig({ setting: { max_messages: 10 } }).max_messages).toBe(10);
});
