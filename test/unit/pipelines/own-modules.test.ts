import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { ConfigError } from '../../../config/errors.ts';
import type { ModuleContext } from '../../../pipelines/module.ts';
import { loadModules } from '../../../pipelines/modules.ts';
import { loadPipeline } from '../../../pipelines/pipeline.ts';
import { temporaryFolder } from '../../support/temporary.ts';

test('a module may be TypeScript that Node itself could not run, with files beside it', async () => {
  const cwd = await temporaryFolder();
  const folder = path.join(cwd, 'pipelines', 'modules');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'types.d.ts'), 'export interface Nothing {}\n');
  writeFileSync(path.join(cwd, 'helper.ts'), 'export const shout = (text: string): string => `${text}!`;\n');
  writeFileSync(
    path.join(folder, 'loud.ts'),
    `import path from 'node:path';
import * as z from 'zod';
import { shout } from '../../helper.ts';
enum Times { Twice = 2 }
export default {
  name: 'loud',
  describe: 'says it loudly',
  settings: z.object({ times: z.int() }),
  restore(): void {},
  async run(this: { name: string }, { inputs }: { inputs: readonly { text: string }[] }): Promise<string> {
    return [this.name, shout(inputs[0]?.text ?? ''), Times.Twice, path.basename(import.meta.url)].join(' ');
  },
};
`,
  );
  const modules = await loadModules({ cwd });
  const loud = modules.get('loud');
  expect(loud).toMatchObject({ describe: 'says it loudly', file: path.join(folder, 'loud.ts') });
  const context = { inputs: [{ name: 'a', text: 'hello' }] } as unknown as ModuleContext;
  expect(await loud?.run(context)).toBe('loud hello! 2 loud.ts');
  expect(loud?.settings?.safeParse({ times: 1 }).success).toBe(true);
  expect(loud).toHaveProperty('restore');
});

test('a module that is not there is said to be missing', async () => {
  const cwd = await temporaryFolder();
  await expect(loadModules({ cwd, files: ['none.ts'] })).rejects.toThrow('there is no such file');
});

test.each([
  ['nothing.mjs', 'export const name = 1;', 'its default export must be an object with name and run'],
  ['broken.ts', 'export default {', /broken\.ts:1:17 Expected identifier but found end of file$/],
  [
    'missing.ts',
    "import 'no-such-package';\nexport default {};",
    /missing\.ts:1:8 Could not resolve "no-such-package"$/,
  ],
  ['name.mjs', "export default { name: 'a b', run() {} };", 'must hold letters'],
  ['schema.mjs', "export default { name: 'a', settings: {}, run() {} };", 'must be a schema of zod 4'],
])('%s is refused by name, with why', async (name, text, why) => {
  const cwd = await temporaryFolder();
  writeFileSync(path.join(cwd, name), text);
  const loading = loadModules({ cwd, files: [name] });
  await expect(loading).rejects.toThrow(name);
  await expect(loadModules({ cwd, files: [name] })).rejects.toThrow(why);
});

test('what a step says to its module is checked, with its place', async () => {
  const file = path.join(await temporaryFolder(), 'some.yml');
  writeFileSync(
    file,
    `- module: ask
  output_name: one
  with: { tims: 2, tone: 5 }
- module: ask
  inputs: [one]
  output_name: two
`,
  );
  const settings = z.object({ times: z.int().optional(), tone: z.string() });
  const load = (): unknown => loadPipeline(file, { modules: ['ask'], settingsOf: () => settings });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(/:3:26 tone must be a string, not 5 \(with of the step one, module ask\)/);
  expect(load).toThrow(/:3:11 unknown key "tims", did you mean "times"\?/);
  expect(load).toThrow(/:4:3 tone is missing \(with of the step two, module ask\)/);
});

test('a module that takes no settings is given none', async () => {
  const cwd = await temporaryFolder();
  const modules = await loadModules({ cwd });
  const file = path.join(cwd, 'some.yml');
  writeFileSync(
    file,
    `- {module: start_module, output_name: one, with: {text: hello}}
- {module: enhance, inputs: [one], output_name: two, with: {strenght: 2}}
- {module: human_intervention, inputs: [two], output_name: three}
`,
  );
  const settingsOf = (name: string): z.ZodType | undefined => modules.get(name)?.settings;
  expect(() => loadPipeline(file, { modules: [...modules.keys()], settingsOf })).toThrow(
    /unknown key "text".*\n.*2:61 unknown key "strenght" \(with of the step two, module enhance\)$/,
  );
});

test('a prompt that cannot be read, or says nothing, is told by name', async () => {
  const cwd = await temporaryFolder();
  const prompt = path.join(cwd, 'pipelines', 'prompts', 'mine.md');
  mkdirSync(prompt, { recursive: true });
  await expect(loadModules({ cwd })).rejects.toThrow(
    /pipelines\/prompts\/mine\.md cannot be read \(EISDIR\)/,
  );
  rmSync(prompt, { recursive: true });
  writeFileSync(prompt, '\n');
  await expect(loadModules({ cwd })).rejects.toThrow(/pipelines\/prompts\/mine\.md is empty; write what/);
});

test('what a prompt is for is its first sentence, cut between words', async () => {
  const described = (await loadModules({ cwd: await temporaryFolder() })).get(
    'advertisement_checker',
  )?.describe;
  expect(described).toMatch(/^You read advertisements .* answer for …$/);
});
