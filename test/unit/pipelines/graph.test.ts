import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError } from '../../../config/errors.ts';
import { loadPipeline } from '../../../pipelines/pipeline.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const modules = ['start_module', 'planner', 'judge'];

async function problemsOf(yaml: string): Promise<string[]> {
  const file = path.join(await temporaryFolder(), 'some.yml');
  writeFileSync(file, yaml);
  try {
    loadPipeline(file, { modules });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(
      ({ where, message }) => `${where.slice(where.lastIndexOf('some.yml') + 9)} ${message}`,
    );
  }
}

test('a pipeline whose steps hang together is read', async () => {
  const file = path.join(await temporaryFolder(), 'some.yml');
  writeFileSync(
    file,
    `- {module: start_module, output_name: request}
- {module: planner, inputs: [request], output_name: plan, model_config: {service: openai, temperature: 0.2}}
- {module: judge, inputs: [request, plan], output_name: verdict, retries: 2, timeout: 30}
`,
  );
  const { name, steps } = loadPipeline(file, { modules });
  expect(name).toBe('some');
  expect(steps.map(({ output_name, inputs }) => [output_name, ...inputs])).toEqual([
    ['request'],
    ['plan', 'request'],
    ['verdict', 'request', 'plan'],
  ]);
});

test.each([
  ['no list', 'module: planner\n', ['1:1 must be a list of steps, each with module and output_name']],
  [
    'a key that nobody knows',
    '- {module: planner, output: plan, output_name: plan}\n',
    ['1:21 unknown key "output"'],
  ],
  [
    'an unknown module',
    '- {module: plannner, output_name: plan}\n',
    ['1:12 no module is called plannner; did you mean planner?; there are start_module, planner, judge'],
  ],
  [
    'an unknown input',
    '- {module: start_module, output_name: request}\n- {module: planner, inputs: [requst], output_name: plan}\n',
    [
      '1:39 nothing connects the step request: it has no inputs, and no step has it as one',
      '2:30 no step has the output requst; did you mean request?; there are request, plan',
    ],
  ],
  [
    'a name that is taken',
    '- {module: start_module, output_name: request}\n- {module: planner, inputs: [request], output_name: plan}\n- {module: planner, inputs: [plan], output_name: plan}\n',
    [
      '3:50 output_name plan is taken by the step at FILE:2:53; call this one plan_2, and write plan_2 in the inputs of the steps that should get it',
    ],
  ],
  [
    'a circle',
    '- {module: planner, inputs: [c], output_name: a}\n- {module: planner, inputs: [a], output_name: b}\n- {module: planner, inputs: [b], output_name: c}\n',
    ["1:29 goes round in a circle: a → b → c → a; one of them must do without the other's output"],
  ],
  [
    'a step that needs itself',
    '- {module: planner, inputs: [a], output_name: a}\n',
    ["1:29 goes round in a circle: a → a; one of them must do without the other's output"],
  ],
  [
    'a timeout that no clock can count to',
    '- {module: start_module, output_name: a, timeout: 3000000}\n',
    ['1:51 timeout of step 1 must be at most 2000000, not 3000000'],
  ],
  ['a step that is none', '- 5\n', ['1:3 step 1 must be a mapping, not 5']],
  [
    'an input that stands there twice',
    '- {module: start_module, output_name: a}\n- {module: judge, inputs: [a, a], output_name: b}\n',
    ['2:31 a stands in these inputs twice; delete one of them'],
  ],
  [
    'a condition without a pattern',
    '- {module: start_module, output_name: a}\n- {module: judge, inputs: [a], output_name: b, when: {output: a}}\n',
    ['2:54 when of step 2 needs matches or matches_not'],
  ],
])('%s is told with its place', async (_, yaml, expected) => {
  const problems = await problemsOf(yaml);
  expect(problems.map((each) => each.replace(/\S*some\.yml/, 'FILE'))).toEqual(expected);
});
