import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { CommandGroup } from '../command-group.ts';
import { takingMany } from '../many.ts';
import { findPipeline, modulesOf, moduleFlag, pipelineFiles, readPipeline } from '../pipeline-files.ts';
import { runFlags, type RunFlags } from '../pipeline-run-flags.ts';

const serviceFlag = {
  service: {
    alias: 's',
    type: 'string',
    describe: 'SERVICE:MODEL for the steps that name none, such as ollama:llama3.2',
  },
} as const;

const run: CommandModule<object, RunFlags> = {
  command: 'run [pipeline]',
  describe: 'Run a pipeline, each step as soon as those it needs are done',
  builder: (cli) =>
    takingMany(cli)
      .positional('pipeline', { type: 'string', describe: 'File or name of a pipeline' })
      .options({ ...runFlags, ...serviceFlag, ...moduleFlag }),
  handler: async (argv) => {
    const { runOnTerminal } = await import('../pipeline-run.ts');
    const { withTelemetry } = await import('../with-telemetry.ts');
    await withTelemetry('pipeline', () => runOnTerminal(argv));
  },
};

interface CheckFlags {
  pipelines: string[];
  service?: string | undefined;
  module?: string[] | undefined;
}

const check: CommandModule<object, CheckFlags> = {
  command: 'check <pipelines..>',
  describe: 'Say what is wrong with pipelines',
  builder: (cli) =>
    takingMany(cli)
      .positional('pipelines', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Files or names',
      })
      .options({ ...serviceFlag, ...moduleFlag }),
  handler: async (argv) => {
    const { ConfigError } = await import('../../config/errors.ts');
    const { PipelineServices } = await import('../pipeline-services.ts');
    const modules = await modulesOf(argv.module);
    const services = new PipelineServices({ cwd: process.cwd(), env: process.env, spec: argv.service });
    let problems = 0;
    for (const each of argv.pipelines) {
      try {
        const pipeline = await readPipeline(findPipeline(each), modules);
        const wrong = services.check(pipeline, modules);
        if (wrong.length > 0) throw new ConfigError(wrong);
        process.stdout.write(
          `${pipeline.name}: ${pipeline.steps.length} ${pipeline.steps.length === 1 ? 'step' : 'steps'}, fine\n`,
        );
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems += error.problems.length;
        for (const { where, message } of error.problems) process.stdout.write(`${where} ${message}\n`);
      }
    }
    if (problems > 0) process.exitCode = 2;
  },
};

interface GraphFlags {
  pipeline?: string | undefined;
  html?: string | undefined;
  svg?: string | undefined;
  run?: string | undefined;
  runs: string;
  module?: string[] | undefined;
}

const graph: CommandModule<object, GraphFlags> = {
  command: 'graph [pipeline]',
  describe: 'Print the graph of a pipeline as Mermaid, or draw it',
  builder: (cli) =>
    cli.positional('pipeline', { type: 'string', describe: 'File or name of a pipeline' }).options({
      html: { type: 'string', normalize: true, describe: 'Draw it into this file, a page' },
      svg: { type: 'string', normalize: true, describe: 'Draw it into this file, a picture' },
      run: {
        type: 'string',
        normalize: true,
        describe: 'Folder of a run, or "last": its graph, with how far each step is',
      },
      runs: runFlags.runs,
      ...moduleFlag,
    }),
  handler: async (argv) => {
    const { showGraph } = await import('../pipeline-graph.ts');
    await showGraph(argv);
  },
};

const list: CommandModule<object, { module?: string[] | undefined }> = {
  command: 'list',
  describe: 'List pipelines, what they are for and their steps, and modules',
  builder: moduleFlag,
  handler: async (argv) => {
    const { describePipelineFile } = await import('../pipeline-list.ts');
    process.stdout.write('Pipelines\n');
    const shown = new Set<string>();
    for (const file of pipelineFiles()) {
      const { name } = path.parse(file);
      if (shown.has(name)) continue;
      shown.add(name);
      process.stdout.write(describePipelineFile(file));
    }
    process.stdout.write('\nModules\n');
    for (const { name, describe } of (await modulesOf(argv.module)).values()) {
      process.stdout.write(`  ${name.padEnd(24)}${describe}\n`);
    }
  },
};

export const pipelineCommands: CommandGroup = {
  name: 'pipeline',
  describe: 'Run steps of models that are declared in YAML',
  commands: [run, check, graph, list],
};
