import { describe, expect, it } from 'vitest';
import { mergePackages, packagesIn, readPackage } from '../../../coder/packages.ts';

describe('the packages in an answer', () => {
  it('are a JSON array, wherever it stands, or a list of lines', () => {
    expect(packagesIn('Sure!\n```json\n["numpy", "requests>=2.31"]\n```')).toEqual([
      'numpy',
      'requests>=2.31',
    ]);
    expect(packagesIn('["uvicorn[standard]"]')).toEqual(['uvicorn[standard]']);
    expect(packagesIn('- numpy\n- `requests`\nThese are enough, I think.')).toEqual(['numpy', 'requests']);
    expect(packagesIn('requirements.txt\n```text\nnumpy\n```')).toEqual(['numpy']);
    for (const nothing of [
      '[]',
      '["none"]',
      'None',
      '- none',
      '```\nnone\n```',
      'Nothing.\nNone is needed.',
    ]) {
      expect(packagesIn(nothing), nothing).toEqual([]);
    }
    expect(packagesIn('N/A')).toEqual([]);
    expect(packagesIn('Only the standard library is needed.')).toEqual([]);
    expect(packagesIn('I cannot help with that, sorry.')).toBeUndefined();
  });
});

it.each([
  [
    'You will need:\r\n\r\n- requests (for HTTP)\r\n- beautifulsoup4\r\n\r\nThat is all.',
    ['requests', 'beautifulsoup4'],
  ],
  ['* `requests` - for HTTP\n* **numpy>=1.2**: arrays', ['requests', 'numpy>=1.2']],
  ['requests, numpy', ['requests', 'numpy']],
  ['```bash\npip install requests "numpy>=2"\n```', ['requests', 'numpy>=2']],
  ['requests  # for HTTP\nnumpy==1.*', ['requests', 'numpy==1.*']],
  ['requests @ https://evil.example/x\n--index-url http://evil.example\n../x', undefined],
  ['The program needs requests, perhaps.', undefined],
  ['x'.repeat(100_000), undefined],
])('finds the packages of %j, in whatever dress they come', (reply, packages) => {
  expect(packagesIn(reply)).toEqual(packages);
});

describe('merging several answers', () => {
  it('keeps what half of them name, under one spelling, without what comes with Python', () => {
    const merged = mergePackages([
      ['Pillow', 'json', 'numpy'],
      ['PIL', 'os.path'],
      ['pillow', 'leftpad'],
    ]);
    expect(merged.packages).toEqual(['pillow']);
    expect(merged.votes).toContainEqual({ name: 'pillow', votes: 3, of: 3 });
    expect(merged.notes).toContain('json is part of Python');
    expect(merged.notes).toContain('leftpad is left out: only 1 of 3 answers name it');
    expect(mergePackages([['a'], ['b']]).packages).toEqual(['a', 'b']);
  });

  it('keeps a version where most who name the package agree on it', () => {
    expect(mergePackages([['numpy>=2'], ['numpy >= 2'], ['numpy']]).packages).toEqual(['numpy>=2']);
    expect(mergePackages([['numpy>=2'], ['numpy<2']]).packages).toEqual(['numpy']);
  });

  it.each(['git+https://x.org/y', '../evil', '--index-url=http://x', 'a @ http://x', 'a; rm -rf', ''])(
    'refuses what is no name: %s',
    (text) => expect(readPackage(text)).toMatchObject({ type: 'none' }),
  );

  it.each([
    ['cv2', 'opencv-python-headless'],
    ['sklearn.linear_model', 'scikit-learn'],
    ['yaml', 'pyyaml'],
    ['bs4', 'beautifulsoup4'],
  ])('knows under which name %s is installed', (module, name) =>
    expect(readPackage(module)).toEqual({ type: 'package', name, version: '' }),
  );
});
