import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { renderCliReference } from '../../../cli/reference.ts';
import { packageRoot } from '../../../config/paths.ts';

it('docs/cli.md is what the program says of itself (npm run docs)', async () => {
  const page = readFileSync(path.join(packageRoot, 'docs', 'cli.md'), 'utf8');
  expect(page).toBe(await renderCliReference());
});
