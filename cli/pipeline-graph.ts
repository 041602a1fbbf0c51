import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Step } from '../pipelines/pipeline.ts';
import type { PictureOptions } from '../pipelines/picture.ts';
import { UsageError } from './failure.ts';
import { findPipeline, modulesOf, readPipeline } from './pipeline-files.ts';
import { findRunFolder } from './run-folders.ts';

export interface GraphWish {
  readonly pipeline?: string | undefined;
  readonly html?: string | undefined;
  readonly svg?: string | undefined;
  readonly run?: string | undefined;
  readonly runs: string;
  readonly module?: readonly string[] | undefined;
}

/** Mermaid to standard output; a page or a picture where a file is named for it. Rejects with ColloquyError. */
export async function showGraph(wish: GraphWish): Promise<void> {
  const { html, svg, pipeline, run } = wish;
  if ((pipeline === undefined) === (run === undefined)) {
    throw new UsageError('say which graph: a pipeline (colloquy pipeline list), or --run FOLDER');
  }
  const { title, steps, states } =
    run === undefined ? await readGraph(pipeline ?? '', wish.module) : await readRunGraph(run, wish);
  if (html === undefined && svg === undefined) {
    const { toMermaid } = await import('../pipelines/mermaid.ts');
    process.stdout.write(toMermaid(steps));
    return;
  }
  const { drawPipeline, picturePage } = await import('../pipelines/picture.ts');
  const { writeWhole } = await import('../pipelines/whole-file.ts');
  const options: PictureOptions = { title, ...(states ? { states } : {}) };
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    writeWhole(file, text);
    process.stdout.write(`${file}\n`);
  };
  if (html !== undefined) write(html, picturePage(drawPipeline(steps, options), title));
  if (svg !== undefined) write(svg, `${drawPipeline(steps, { ...options, isAlone: true })}\n`);
}

interface ShownGraph {
  readonly title: string;
  readonly steps: readonly Step[];
  readonly states?: PictureOptions['states'];
}

async function readGraph(pipeline: string, files: readonly string[] | undefined): Promise<ShownGraph> {
  const { name, steps } = await readPipeline(findPipeline(pipeline), await modulesOf(files));
  return { title: name, steps };
}

async function readRunGraph(run: string, { runs, module: files }: GraphWish): Promise<ShownGraph> {
  const { RunFolder } = await import('../pipelines/run-folder.ts');
  const { isRunning } = await import('../pipelines/run-lock.ts');
  const { describeState, readRunView } = await import('../pipelines/run-view.ts');
  const folder = new RunFolder(findRunFolder(run, runs, 'pipeline'));
  const record = folder.readRun();
  const { steps } = await readPipeline(folder.pipelineFile, await modulesOf(files ?? record.modules));
  const view = readRunView(folder, steps, { prices: new Map(), isRunning: isRunning(folder.folder) });
  const states = new Map(
    view.steps.map((each) => [each.step.output_name, { state: each.state, note: describeState(each) }]),
  );
  return { title: `${record.pipeline}, ${path.basename(folder.folder)}`, steps, states };
}
