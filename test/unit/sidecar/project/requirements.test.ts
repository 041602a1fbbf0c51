import { describe, expect, it } from 'vitest';
import { packageOf, readRequirements, whyRefused } from '../../../../sidecar/project/requirements.ts';

describe('a requirements file', () => {
  it('gives names, extras, versions and markers, and leaves comments out', () => {
    const text = [
      '# what it needs',
      'numpy',
      'Requests[socks, security] >= 2.0, != 2.5.*  # for the pages',
      'zope.interface==5.0+local',
      'tomli~=2.0 ; python_version < "3.11"',
      'attrs (>=20, <30)',
      '',
    ].join('\r\n');
    expect(readRequirements(text)).toEqual({
      requirements: [
        'numpy',
        'Requests[socks, security] >= 2.0, != 2.5.*',
        'zope.interface==5.0+local',
        'tomli~=2.0 ; python_version < "3.11"',
        'attrs (>=20, <30)',
      ],
      refused: [],
    });
  });

  it('refuses whatever could lead elsewhere, with its line', () => {
    const refused = [
      ['-r other.txt', 'options of pip'],
      ['--index-url https://evil.example/simple', 'options of pip'],
      ['-e .', 'options of pip'],
      ['git+https://host/repository', 'from an address'],
      ['package @ https://host/package.whl', 'from an address'],
      ['./package', 'from a path'],
      ['..\\package.whl', 'from a path'],
      ['numpy --hash=sha256:00', 'no name of a package'],
      ['$(id)', 'no name of a package'],
      ['numpy;', 'no name of a package'],
      ['näme', 'no name of a package'],
      ['.hidden', 'no name of a package'],
    ] as const;
    const read = readRequirements(refused.map(([text]) => text).join('\n'));
    expect(read.requirements).toEqual([]);
    expect(read.refused).toEqual(
      refused.map(([text, why], index) => ({
        line: index + 1,
        text,
        why: expect.stringContaining(why) as string,
      })),
    );
  });

  it('may be hostile without taking long', () => {
    const started = performance.now();
    for (const text of [`a${'-'.repeat(400)}!`, `a${'==1,'.repeat(120)}`, `a[${'b,'.repeat(200)}`])
      expect(whyRefused(text)).toBeDefined();
    expect(readRequirements('a\n'.repeat(100_000)).requirements).toHaveLength(100);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('knows the one spelling of a name', () => {
    expect(['Foo.Bar_baz>=1', 'foo--bar-baz[x]'].map(packageOf)).toEqual(['foo-bar-baz', 'foo-bar-baz']);
  });
});
