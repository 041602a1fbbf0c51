import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import { hasPassed, type Block, type BlockResult } from '../../journal/block.ts';
import type { BlockProblem } from '../../sidecar/blocks.ts';
import type { InterpreterPool } from '../../sidecar/interpreter-pool.ts';
import type { Policy } from '../../sidecar/policy.ts';
import { ColloquyError, messageOf } from '../../wire/errors.ts';
import { UsageError } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { openTierWarning, sandboxFlags } from './sidecar.ts';

const flags = {
  ...sandboxFlags,
  blocks: {
    choices: ['marked', 'fenced'] as const,
    describe: 'Run what follows RUN-CODE and TEST-ASSERT, or every ```python and ```python-test block',
  },
  approve: { type: 'boolean', describe: 'Ask before each block' },
  workspace: { type: 'string', normalize: true, describe: 'Folder to keep the files in that the code makes' },
  json: { type: 'boolean', describe: 'One JSON object, for programs' },
  config: {
    alias: 'c',
    type: 'string',
    normalize: true,
    describe: 'Settings file; its part "execution" counts [default: config/proxy.yml]',
  },
} as const;

type Flags = InferredOptionTypes<typeof flags> & { file: string };

export const runCommand: CommandModule<object, Flags> = {
  command: 'run <file>',
  describe: 'Run the blocks of a Markdown file as a meeting would, tests and all',
  builder: (cli) =>
    cli
      .positional('file', { type: 'string', demandOption: true, describe: 'A Markdown file, or - for stdin' })
      .options(flags),
  handler: runBlocks,
};

async function runBlocks(given: Flags): Promise<void> {
  // The parser makes an empty text of a dash that stands alone.
  const argv = { ...given, file: given.file === '' ? '-' : given.file };
  const { loadExecutionConfig } = await import('../execution-config.ts');
  const { extractBlocks } = await import('../../sidecar/blocks.ts');
  const { chooseTier, toLimits } = await import('../../sidecar/choose-tier.ts');
  const { InterpreterPool } = await import('../../sidecar/interpreter-pool.ts');
  const { createPolicy } = await import('../../sidecar/policy.ts');
  const config = await loadExecutionConfig(argv);
  const { blocks, problems } = extractBlocks(readInput(argv.file), config.blocks);
  if (blocks.length + problems.length === 0 && argv.json)
    process.stdout.write(`${JSON.stringify({ blocks, problems })}\n`);
  if (blocks.length + problems.length === 0) throw new UsageError(describeNothing(argv.file, config.blocks));
  const limits = toLimits(config);
  const tier = await chooseTier(config, limits);
  if (tier.name === 'none-i-accept-the-risk') process.stderr.write(`WARNING: ${openTierWarning}\n`);
  // Blocks of one file run one after the other: no spare is needed.
  const pool = new InterpreterPool({ ...tier, keepsSpare: false }, limits);
  const policy = createPolicy(config);
  const report = argv.json ? undefined : await createPrinter(argv.file, tier.name);
  const results = await runAll({ argv, blocks, pool, policy, report });
  for (const problem of problems) report?.problem(problem);
  if (argv.json) process.stdout.write(`${JSON.stringify({ tier: tier.name, blocks: results, problems })}\n`);
  const bad = results.filter(({ kind, outcome }) =>
    kind === 'test' ? !hasPassed({ kind }, { outcome }) : outcome !== 'ok',
  );
  const wrong = bad.length + problems.length;
  if (wrong > 0) {
    const of = results.length + problems.length;
    throw new ColloquyError(
      `${wrong} of ${of} ${of === 1 ? 'block' : 'blocks'} did not run to the end or did not pass`,
      {
        code: 'blocks-failed',
      },
    );
  }
}

type Printed = Block & BlockResult & { readonly passed?: boolean };

interface Printer {
  block(block: Block): void;
  result(block: Block, result: BlockResult): void;
  problem(problem: BlockProblem): void;
}

async function runAll(work: {
  readonly argv: Flags;
  readonly blocks: readonly Block[];
  readonly pool: InterpreterPool;
  readonly policy: Policy;
  readonly report: Printer | undefined;
}): Promise<Printed[]> {
  const { argv, blocks, pool, policy, report } = work;
  const { Session } = await import('../../sidecar/session.ts');
  const { openKeptFiles } = await import('../kept-folder.ts');
  const kept = openKeptFiles(argv.workspace);
  const session = new Session({ pool, policy, kept });
  onInterrupt({ polite: () => false, atOnce: () => void session.close() });
  const results: Printed[] = [];
  try {
    for (const written of blocks) {
      // Nobody is asked about what would be refused anyway.
      const mayAsk = argv.approve === true && policy.check(written) === undefined;
      const { block, refusal } = mayAsk ? await approve(written) : { block: written };
      if (process.exitCode !== undefined) break;
      report?.block(block);
      const result = refusal ?? (await session.run(block, 1));
      report?.result(block, result);
      results.push({
        ...block,
        ...result,
        ...(block.kind === 'test' ? { passed: hasPassed(block, result) } : {}),
      });
      if (process.exitCode !== undefined) break;
    }
    return results;
  } finally {
    await session.close();
    await pool.close();
  }
}

async function approve(block: Block): Promise<{ block: Block; refusal?: BlockResult }> {
  const { askForApproval } = await import('../approval.ts');
  const answer = await askForApproval({ title: `${block.kind} block ${block.number}`, block });
  if (answer.type === 'edit') return { block: { ...block, code: answer.code } };
  if (answer.type === 'yes') return { block };
  const detail = 'you said no';
  return { block, refusal: { outcome: 'refused', output: '', outputBytes: 0, detail, files: [], ms: 0 } };
}

async function createPrinter(file: string, tier: string): Promise<Printer> {
  const { createBlockPrinter } = await import('../block-printer.ts');
  return createBlockPrinter(process.stdout, file, tier);
}

function readInput(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : path.resolve(file), 'utf8');
  } catch (error) {
    throw new UsageError(`${file === '-' ? 'stdin' : file} cannot be read: ${messageOf(error)}`);
  }
}

function describeNothing(file: string, mode: 'marked' | 'fenced'): string {
  const where = file === '-' ? 'stdin' : file;
  return mode === 'marked'
    ? `${where} has no block to run: put the line RUN-CODE or TEST-ASSERT above a fenced block, or run every \`\`\`python block with --blocks fenced`
    : `${where} has no block to run: there is no \`\`\`python, \`\`\`python-test or \`\`\`pytest block in it`;
}
