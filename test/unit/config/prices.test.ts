import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../config/paths.ts';
import { checkPriceFile, findPrice, loadPrices } from '../../../config/prices.ts';
import { serviceSchemas } from '../../../config/schema.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const builtIn = loadPrices({ cwd: packageRoot });

describe('the prices that come with the program', () => {
  it('are dated, every one, and caches are never dearer than twice the input', () => {
    expect(checkPriceFile(path.join('config', 'prices.yml'), packageRoot)).toEqual([]);
    for (const models of builtIn.values()) {
      for (const [model, { input, output, cached = input, stored = input, asOf }] of models) {
        expect(asOf, model).toMatch(/^\d{4}-\d{2}-\d{2}$/);
        expect(output, model).toBeGreaterThan(input);
        expect(cached, model).toBeLessThanOrEqual(input);
        expect(stored, model).toBeLessThanOrEqual(2 * input);
      }
    }
  });

  it('know the models that are the default', () => {
    for (const service of ['openai', 'anthropic'] as const) {
      expect(findPrice(builtIn, service, serviceSchemas[service].parse({}).model)).toBeDefined();
    }
  });

  it('hold for a model with its date, and for no other that only begins so', () => {
    expect(findPrice(builtIn, 'openai', 'gpt-4o-2024-08-06')).toEqual(findPrice(builtIn, 'openai', 'gpt-4o'));
    expect(findPrice(builtIn, 'anthropic', 'claude-3-5-haiku-latest')?.input).toBe(0.8);
    expect(findPrice(builtIn, 'openai', 'gpt-4o-audio-preview')).toBeUndefined();
    expect(findPrice(builtIn, 'ollama', 'gpt-4o')).toBeUndefined();
    expect(findPrice(builtIn, undefined, undefined)).toBeUndefined();
  });
});

describe('a file of prices of one’s own', () => {
  it('is laid over those of the program, model by model', async () => {
    const cwd = await temporaryFolder();
    mkdirSync(path.join(cwd, 'config'));
    writeFileSync(
      path.join(cwd, 'config', 'prices.yml'),
      'openai:\n  as_of: 2026-11-01\n  models:\n    gpt-4o: { input: 1, output: 2 }\nmine:\n  models: { "*": { input: 3, output: 4 } }\n',
    );
    const list = loadPrices({ cwd });
    expect(findPrice(list, 'openai', 'gpt-4o')).toEqual({ input: 1, output: 2, asOf: '2026-11-01' });
    expect(findPrice(list, 'openai', 'gpt-4o-mini')).toEqual(findPrice(builtIn, 'openai', 'gpt-4o-mini'));
    expect(findPrice(list, 'mine', 'whatever')).toEqual({ input: 3, output: 4 });
  });

  it('that is wrong is told where', async () => {
    const cwd = await temporaryFolder();
    const file = path.join(cwd, 'prices.yml');
    writeFileSync(file, 'openai:\n  models:\n    gpt-4o: { input: -1, output: 2, outptu: 3 }\n');
    expect(checkPriceFile(file, cwd)).toEqual([
      expect.objectContaining({ where: 'prices.yml:3:22' }),
      expect.objectContaining({ message: expect.stringContaining('unknown key "outptu"') as string }),
    ]);
  });
});
