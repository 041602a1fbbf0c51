import pc from 'picocolors';
import { hasPassed, wasRun, type Block, type BlockResult } from '../journal/block.ts';
import { formatBytes } from '../journal/render/sentences.ts';
import { visibleControls } from '../journal/render/visible-controls.ts';
import type { BlockProblem } from '../sidecar/blocks.ts';

/** Prints blocks and their results for a person, as they come. */
export function createBlockPrinter(
  stream: NodeJS.WriteStream,
  file: string,
  tier: string,
): {
  block(block: Block): void;
  result(block: Block, result: BlockResult): void;
  problem(problem: BlockProblem): void;
} {
  const colors = pc.createColors(stream.isTTY === true && pc.isColorSupported);
  stream.write(colors.dim(`${file === '-' ? 'stdin' : file}, run with ${tier}\n`));
  return {
    block: ({ kind, number }) => {
      if (stream.isTTY) stream.write(colors.dim(`… ${kind} block ${number}`));
    },
    result(block, result) {
      const good = block.kind === 'test' ? hasPassed(block, result) : result.outcome === 'ok';
      const mark = good ? colors.green('✓') : colors.red('✗');
      const verdict =
        block.kind === 'test' && good ? 'passed' : result.outcome === 'ok' ? 'ran' : result.outcome;
      const why = result.detail === undefined ? '' : `: ${visibleControls(result.detail)}`;
      if (stream.isTTY) stream.write('\r\u001b[K');
      const title = `${block.kind === 'test' ? 'Test' : 'Code'} block ${block.number}`;
      stream.write(
        `\n${mark} ${colors.bold(title)} ${verdict}${why} ${colors.dim(wasRun(result) ? `(${formatMs(result.ms)})` : '')}\n`,
      );
      const output = visibleControls(result.output.trimEnd());
      if (output !== '') stream.write(`${output.replace(/^/gm, '  ')}\n`);
      for (const { path, bytes } of result.files)
        stream.write(colors.dim(`  wrote ${visibleControls(path)} (${formatBytes(bytes)})\n`));
    },
    problem: ({ message }) => void stream.write(`\n${colors.red('✗')} ${message}\n`),
  };
}

function formatMs(ms: number): string {
  return ms < 1_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
