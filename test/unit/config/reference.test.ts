import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../config/paths.ts';
import { renderConfigReference, withConfigReference } from '../../../config/reference.ts';
import { serviceVariables } from '../../../config/schema.ts';

const page = readFileSync(path.join(packageRoot, 'docs', 'configuration.md'), 'utf8');

describe('the reference of all settings', () => {
  it('is what stands in docs/configuration.md', () => {
    expect(page, 'docs/configuration.md is out of date: run "npm run docs"').toBe(withConfigReference(page));
  });

  it('gives limits, defaults and variables, and nothing that only exists to be refused', () => {
    const tables = renderConfigReference().replace(/ +/g, ' ');
    expect(tables).toContain(
      '| `port_a` | a whole number, 0 to 65535 | `18888` | port of seat a; 0: any free one |',
    );
    expect(tables).toContain('| `first` | random, a, b | `"random"` | who starts: a, b or random |');
    expect(tables).toContain('| `rate.providers.NAME.messages_per_minute` | a number, 0 or more | `0` |');
    expect(tables).toContain(
      '| `base_url` | a URL | `"https://api.openai.com/v1"` | where the service is. Variable `OPENAI_BASE_URL` |',
    );
    expect(tables).toContain('| `keep_alive` | a text or a number | | how long');
    const anthropic = tables.split('### ').find((section) => section.startsWith('`config/anthropic.yml`'));
    expect(anthropic).toContain('`max_tokens`');
    expect(anthropic).not.toMatch(/temperature|top_/);
  });

  it('stands between two marks and leaves the rest of the page alone', () => {
    const stale = page.replace('| `port_a`', '| `port_z`');
    expect(stale).not.toBe(page);
    expect(withConfigReference(stale)).toBe(page);
    expect(() => withConfigReference('no marks')).toThrow('docs/configuration.md must hold the lines');
  });

  it('has company: the page lists every variable', () => {
    const known = Object.entries(serviceVariables).flatMap(([service, variables]) =>
      Object.entries(variables).map(([variable, key]) =>
        [`\`${variable}\``, `\`${key}\``, `\`${service}\``].join(' | '),
      ),
    );
    const listed = page
      .replace(/ +/g, ' ')
      .split('\n')
      .filter((line) => /^\| `[A-Z_]+` \|/.test(line));
    expect(listed).toEqual(known.map((row) => `| ${row} |`));
  });
});
