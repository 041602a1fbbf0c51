import { expect, it } from 'vitest';
import { BoundedLabels } from '../../../telemetry/bounded-labels.ts';

it('keeps the first models apart, and counts all that come later as others', () => {
  const labels = new BoundedLabels();
  const models = Array.from({ length: 500 }, (_, number) => `model-${number}`);
  const seen = models.map((model) => labels.speaker({ provider: 'openai', model }).model);
  expect(new Set(seen).size).toBe(51);
  expect(seen.at(-1)).toBe('other');
  expect(labels.speaker({ provider: 'openai', model: 'model-3' }).model).toBe('model-3');
});

it('knows no provider but those of this program', () => {
  const labels = new BoundedLabels();
  expect(labels.speaker({ provider: 'x'.repeat(200), model: '' })).toEqual({
    provider: 'other',
    model: 'none',
  });
  expect(labels.speaker({})).toEqual({ provider: 'none', model: 'none' });
  expect(labels.speaker({ provider: 'ollama', model: 'm'.repeat(200) }).model).toHaveLength(100);
});
