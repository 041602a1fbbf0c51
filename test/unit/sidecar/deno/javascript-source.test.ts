import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { prepareScript } from '../../../../sidecar/deno/javascript-source.ts';

describe('a block of JavaScript', () => {
  test.each([
    ['a value', '1 + 2', 3],
    ['a value after a comment', 'let a = 1; // one; two\na // the end', 1],
    ['a value over several lines', 'let a = [1, 2, 3]\na\n  .map((x) => x * 2)\n  .join("-")', '2-4-6'],
    ['an object', '({ a: 1 })', { a: 1 }],
    ['a template', 'let a = 1;\n`x${`y${a}` + "}"};z`', 'xy1};z'],
    ['a regular expression with brackets', 'const r = /[/{(]/\nr.test("{")', true],
    ['a division', 'let a = 8\nlet b = a / 2 / 2\nb', 2],
    ['a function declared and called', 'f(2)\nfunction f(x) { return x + 1 }\nf(3)', 4],
    ['a class', 'class A { m() { return 7 } }\nnew A().m()', 7],
    ['a class that goes before brackets', 'class A {}\n[1, 2].length', 2],
    ['an assignment', 'let a\na = 5', 5],
  ])('that ends with %s has it as its value', (_, code, value) => {
    const { script, hasValue, isAsync } = prepare(code);
    expect({ hasValue, isAsync }).toEqual({ hasValue: true, isAsync: false });
    expect(vm.runInNewContext(script)).toEqual(value);
  });

  test.each([
    'const a = 1',
    'for (let i = 0; i < 3; i++) { i }',
    'for (let i = 0; i < 3; i++)\n  i',
    'if (true) { 5 }',
    'if (true)\n  5\nelse\n  6',
    'function f() { return 1 }',
    'class A {}',
    'while (false) 1;',
    '{ let a = 1; a }',
  ])('that ends with a statement has no value: %s', (code) => {
    expect(prepare(code).hasValue).toBe(false);
  });

  test.each(['', '// nothing', '/* nothing\n */ ;', '"use strict";'])(
    'with nothing in it is empty: %j',
    (code) => {
      expect(prepare(code).isEmpty).toBe(true);
    },
  );

  test('may declare the same names again', () => {
    const context = vm.createContext({});
    for (const code of ['const a = 1; let b = 2; class C {}', 'let a = 3; const b = 4; class C { x = 5 }'])
      vm.runInContext(prepare(code).script, context);
    expect(vm.runInContext('a + b + new C().x', context)).toBe(12);
  });

  test('with await at top level gives a promise, and its names live on', async () => {
    const context = vm.createContext({});
    const code =
      'const { a, b: [c] } = await { a: 1, b: [2] }\nlet n = 0\nfunction more() { n++ }\nmore()\na + c';
    const { script, isAsync } = prepare(code);
    expect(isAsync).toBe(true);
    expect(await vm.runInContext(script, context)).toBe(3);
    expect(vm.runInContext('more(); n + a', context)).toBe(3);
  });

  test('with await in functions only is no promise', () => {
    expect(prepare('async function f() { await 1 }\nconst g = async () => { await 2 }\n1').isAsync).toBe(
      false,
    );
    expect(prepare('for await (const a of []) {}').isAsync).toBe(true);
    expect(prepare('if (true) { await 1 }').isAsync).toBe(true);
  });

  test('imports by a function, in every form, and keeps its lines', () => {
    const modules: Record<string, object> = { m: { default: 1, two: 2, three: 3 } };
    const code =
      'import one from "m";\nimport * as all from \'m\'\nimport {\n  two,\n  three as drei,\n} from "m"\nimport "m"\n[one, all.two, two, drei]';
    const context = { $import: (name: string) => modules[name] };
    expect(vm.runInNewContext(prepare(code).script, context)).toEqual([1, 2, 2, 3]);
    expect(prepare(code).script.split('\n')).toHaveLength(code.split('\n').length);
  });

  test('that is broken stays broken', () => {
    expect(() => new vm.Script(prepare('let = = 3').script)).toThrow(SyntaxError);
  });
});

function prepare(code: string): ReturnType<typeof prepareScript> {
  return prepareScript(code, (script) => {
    try {
      return new vm.Script(script) instanceof vm.Script;
    } catch {
      return false;
    }
  });
}
