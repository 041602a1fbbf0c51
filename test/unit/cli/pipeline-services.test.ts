import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { serviceSchemas } from '../../../config/schema.ts';
import { createPipelineProvider } from '../../../cli/pipeline-provider.ts';
import { PipelineServices } from '../../../cli/pipeline-services.ts';
import { loadPipeline } from '../../../pipelines/pipeline.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function problemsOf(yaml: string, spec?: string): Promise<string[]> {
  const cwd = await temporaryFolder();
  const file = path.join(cwd, 'some.yml');
  writeFileSync(file, yaml);
  const services = new PipelineServices({ cwd, env: {}, spec });
  const problems = services.check(loadPipeline(file, { modules: ['ask', 'meeting', 'modify_codebase'] }));
  return problems.map(({ where, message }) => `${where.replace(/.*some\.yml:/, '')} ${message}`);
}

test('what a service does not take is told with its place, its step and its service', async () => {
  const yaml = `- {module: ask, output_name: one, model_config: {service: anthropic, temperature: 1}}
- {module: ask, output_name: two, inputs: [one], model_config: {service: eliza, model: m, seed: 1}}
- {module: ask, output_name: three, inputs: [two], model_config: {service: openai, num_ctx: 9}}
- {module: ask, output_name: four, inputs: [three], model_config: {service: ollama, num_ctx: 9}}
`;
  expect(await problemsOf(yaml)).toEqual([
    '1:70 temperature is not taken by the Anthropic API any more; delete the key (step one, service anthropic)',
    '2:81 eliza takes no model (step two); delete it, or name another service',
    '3:84 openai takes no num_ctx (step three); delete it, or name another service',
  ]);
});

test('a persona, a service or an input that a step names and nobody has is told before anything is asked', async () => {
  const yaml = `- {module: ask, output_name: one}
- {module: meeting, output_name: two, inputs: [one], with: {personas: [socrates, socartes], services: ['openia:x', eliza]}}
- {module: modify_codebase, output_name: three, inputs: [two], with: {changes_from: one}}
`;
  expect(await problemsOf(yaml)).toEqual([
    '2:82 socartes not found; did you mean personas/socrates.md? (step two)',
    '2:104 services: no service is called "openia"; did you mean "openai"? (step two)',
    '3:85 changes_from names one, which is none of its inputs; there are two (step three)',
  ]);
});

test('a meeting for a seat of which nobody writes is refused before anything is asked', async () => {
  const cwd = await temporaryFolder();
  const refuse = (settings: string, spec?: string): void => {
    const file = path.join(cwd, 'some.yml');
    writeFileSync(
      file,
      `- {module: meeting, output_name: talk, with: {personas: [socrates, hypatia]${settings}}}\n`,
    );
    const pipeline = loadPipeline(file, { modules: ['meeting'] });
    new PipelineServices({ cwd, env: {}, spec }).refuseSilence(pipeline, new Map());
  };
  expect(() => refuse('')).toThrow('who writes for the step talk?');
  expect(() => refuse('', 'eliza')).not.toThrow();
  expect(() => refuse(', services: [eliza, parry]')).not.toThrow();
});

test('a step without a service is checked for the one of the whole run', async () => {
  const yaml = '- {module: ask, output_name: one, model_config: {temperature: 1}}\n';
  expect(await problemsOf(yaml)).toEqual([]);
  expect(await problemsOf(yaml, 'ollama:llama3.2')).toEqual([]);
  expect(await problemsOf(yaml, 'anthropic')).toEqual([
    '1:50 temperature is not taken by the Anthropic API any more; delete the key (step one, service anthropic)',
  ]);
  await expect(problemsOf(yaml, 'pipeline:x')).rejects.toThrow('are not written by a pipeline');
});

test('steps that ask one service share its limit, and what shapes a reply tells them apart', async () => {
  const services = new PipelineServices({ cwd: await temporaryFolder(), env: {}, spec: 'ollama:a', seed: 5 });
  const one = await services.provide({ temperature: 0.1 });
  const other = await services.provide({ model: 'b' });
  const elsewhere = await services.provide({ service: 'command' } as const).catch(() => undefined);
  expect(one.limit).toBe(other.limit);
  expect(elsewhere).toBeUndefined();
  expect(one.provider.model).toBe('a');
  expect(services.identify({ model: 'b' })).not.toEqual(services.identify({ model: 'c' }));
  expect(services.identify({ model: 'b' })).toEqual(services.identify({ model: 'b' }));
  expect(JSON.stringify(services.identify({}))).toContain('5');
});

test('a pipeline in a seat whose steps nobody writes for is refused before the meeting', async () => {
  const file = path.join(await temporaryFolder(), 'some.yml');
  writeFileSync(
    file,
    '- {module: start_module, output_name: a}\n- {module: enhance, inputs: [a], output_name: b}\n',
  );
  const config = { ...serviceSchemas.pipeline.parse({ service: 'pipeline' }), pipeline: file };
  await expect(createPipelineProvider(config)).rejects.toThrow(
    /some\.yml:2:12 who writes for the step b\?.*with --steps or in config\/pipeline\.yml/,
  );
});
