import pc from 'picocolors';
import { visibleControls, visibleLine } from '../journal/render/visible-controls.ts';
import type { RunEvent } from '../pipelines/run.ts';

/** Tells how a run goes, a line for each thing that happens; with `verbose`, the words as they are written. */
export function createPipelineProgress(
  stream: NodeJS.WriteStream,
  { verbose }: { readonly verbose: boolean },
): (event: RunEvent) => void {
  /** Whose words the cursor stands behind. */
  let speaking: string | undefined;
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
        return line(`${pc.dim('-')} ${step} ${pc.dim('skipped')}`);
      case 'blocked':
        return line(`${pc.dim('-')} ${step} ${pc.dim('not run: what it needs is missing')}`);
      case 'done': {
        const how = event.fromCache ? 'as in an earlier run' : `${(event.ms / 1_000).toFixed(1)} s`;
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
      case 'exchange':
        return;
    }
  };
}
