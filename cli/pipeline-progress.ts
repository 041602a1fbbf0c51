import pc from 'picocolors';
import { formatNumber } from '../journal/render/sentences.ts';
import { visibleControls, visibleLine } from '../journal/render/visible-controls.ts';
import type { RunEvent } from '../pipelines/run-options.ts';

/** Shows how a run goes. */
export interface PipelineProgress {
  see(event: RunEvent): void;
  /** Somebody else writes to the terminal, until `resume`. */
  suspend(): void;
  resume(): void;
  end(): void;
}

/** A table that is drawn again in place on a terminal; elsewhere, and where the words are shown, lines. */
export async function createPipelineProgress(
  stream: NodeJS.WriteStream,
  { verbose, steps }: { readonly verbose: boolean; readonly steps: readonly string[] },
): Promise<PipelineProgress> {
  if (stream.isTTY && !verbose) {
    const { createPipelineTable } = await import('./pipeline-table.ts');
    return createPipelineTable(stream, steps);
  }
  const nothing = (): void => {};
  return { see: createLines(stream, verbose), suspend: nothing, resume: nothing, end: nothing };
}

/** A line for each thing that happens; with `verbose`, the words as they are written. */
function createLines(stream: NodeJS.WriteStream, verbose: boolean): (event: RunEvent) => void {
  /** Whose words the cursor stands behind. */
  let speaking: string | undefined;
  const tokens = new Map<string, number>();
  const line = (text: string): void => {
    if (speaking !== undefined) stream.write('\n');
    speaking = undefined;
    stream.write(`${text}\n`);
  };
  return (event) => {
    const { step } = event;
    switch (event.type) {
      case 'started':
        return line(`${pc.cyan('…')} ${step}`);
      case 'kept':
        return line(`${pc.dim('=')} ${step} ${pc.dim('done before')}`);
      case 'skipped':
        return line(`${pc.dim('-')} ${step} ${pc.dim(`skipped: ${visibleLine(event.why)}`)}`);
      case 'blocked':
        return line(`${pc.dim('-')} ${step} ${pc.dim('not run: what it needs is missing')}`);
      case 'done': {
        const used = tokens.get(step);
        const took = `${(event.ms / 1_000).toFixed(1)} s${used === undefined ? '' : `, ${formatNumber(used)} tokens`}`;
        const how = event.fromCache ? 'as in an earlier run' : took;
        return line(`${pc.green('✓')} ${step} ${pc.dim(how)}`);
      }
      case 'failed':
        return line(`${pc.red('✗')} ${step}: ${visibleLine(event.error)}`);
      case 'status':
        return line(`  ${step}: ${visibleLine(event.text)}`);
      case 'restart':
        return verbose ? line(pc.dim(`  ${step} writes that anew`)) : undefined;
      case 'text':
        if (!verbose) return;
        if (speaking !== step) {
          line(pc.bold(`  ${step}:`));
          speaking = step;
        }
        return void stream.write(visibleControls(event.text));
      case 'exchange': {
        const { input, output } = event.exchange.usage ?? { input: 0, output: 0 };
        if (input + output > 0) tokens.set(step, (tokens.get(step) ?? 0) + input + output);
        return;
      }
    }
  };
}
