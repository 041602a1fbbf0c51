import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { loadProxyConfig, readEnvironment } from '../config/load.ts';
import type { ExecutionConfig } from '../config/schema.ts';
import { languages, outcomes, type Block, type BlockResult } from '../journal/block.ts';
import { visibleControls } from '../journal/render/visible-controls.ts';
import { BlockRunner } from '../library/block-runner.ts';
import { ColloquyError } from '../wire/errors.ts';
import type { McpSettings } from './settings.ts';
import { stripTypes } from './strip-types.ts';

const mostCodeCharacters = 100_000;

const inputSchema = z.strictObject({
  code: z.string().min(1).max(mostCodeCharacters),
  language: z.enum([...languages, 'typescript']).default('python'),
  session: z
    .string()
    .regex(/^[\w-]{1,40}$/)
    .optional()
    .describe('code of one session shares variables and files; left out: it stands alone'),
});

const outputSchema = z.object({
  outcome: z.enum(outcomes),
  output: z.string().describe('what it printed, its last value included'),
  detail: z.string().optional().describe('why the outcome is not ok'),
  ms: z.number(),
  sandbox: z.string(),
  files: z.array(z.string()).describe('that it made or changed'),
});

/** The tool `run_code`. */
export function offerCode(server: McpServer, runner: CodeRunner): void {
  server.registerTool(
    'run_code',
    {
      title: 'Run code in the sandbox',
      description:
        "Runs Python, JavaScript, TypeScript or bash, as far as the machine's sandboxes have them, without network and without the machine's files.",
      inputSchema,
      outputSchema,
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: false,
      },
    },
    async ({ code, language, session }, { mcpReq: { signal } }) => {
      const block =
        language === 'typescript'
          ? ({ language: 'javascript', code: await stripTypes(code) } as const)
          : { language, code };
      const { result, sandbox } = await runner.run(
        { kind: 'code', number: 1, ...block },
        { session, signal },
      );
      const { outcome, output, detail, ms, files } = result;
      if (outcome === 'refused' || outcome === 'unavailable') {
        throw new ColloquyError(`the code was not run: ${detail ?? outcome}`, { code: outcome });
      }
      const why = detail === undefined ? '' : `[${outcome}: ${detail}]`;
      const said = [output.trimEnd(), why].filter((part) => part !== '').join('\n');
      const text = visibleControls(said) || '[no output]';
      return {
        content: [{ type: 'text' as const, text }],
        structuredContent: {
          outcome,
          output,
          ...(detail === undefined ? {} : { detail }),
          ms,
          sandbox,
          files: files.map(({ path }) => path),
        },
      };
    },
  );
}

/** So many interpreters may wait for more code. */
const mostSessions = 4;

/** Runs code for clients, in the sandbox or not at all. */
export class CodeRunner {
  readonly #settings: McpSettings;
  #best: BlockRunner | undefined;
  /** For languages that the best sandbox of the machine does not have. */
  #other: BlockRunner | undefined;
  /** The one that was used last comes last. */
  readonly #sessions: { readonly name: string; readonly runner: BlockRunner }[] = [];
  #count = 0;

  constructor(settings: McpSettings) {
    this.#settings = settings;
  }

  /** Rejects with ColloquyError `no-tier` where there is no sandbox, and with ConfigError. */
  async run(
    block: Block,
    { session, signal }: { readonly session: string | undefined; readonly signal: AbortSignal },
  ): Promise<{ readonly result: BlockResult; readonly sandbox: string }> {
    const config = await refuseOpenTier(this.#settings);
    const runner = await this.#runnerOf(block.language, config);
    const { tier } = await runner.open();
    const name = session === undefined ? `alone ${++this.#count}` : `session ${session}`;
    if (session !== undefined) this.#remember(name, runner);
    try {
      return { result: await runner.run(name, 1, block, undefined, signal), sandbox: tier.name };
    } finally {
      if (session === undefined) runner.closeSession(name);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#best?.close(), this.#other?.close()]);
  }

  #remember(name: string, runner: BlockRunner): void {
    const at = this.#sessions.findIndex((each) => each.name === name && each.runner === runner);
    if (at >= 0) this.#sessions.splice(at, 1);
    this.#sessions.push({ name, runner });
    const oldest = this.#sessions.length > mostSessions ? this.#sessions.shift() : undefined;
    oldest?.runner.closeSession(oldest.name);
  }

  async #runnerOf(language: Block['language'], config: ExecutionConfig): Promise<BlockRunner> {
    const best = (this.#best ??= new BlockRunner(config));
    const { tier } = await best.open();
    const mayUseOther = config.tier === 'auto' && config.minimum_tier === 'deno';
    if (tier.languages.includes(language) || language !== 'javascript' || !mayUseOther) return best;
    return (this.#other ??= new BlockRunner({ ...config, tier: 'deno' }));
  }
}

/** Code of strangers is run in a sandbox or not at all, whatever the settings say. Rejects with ConfigError too. */
export async function refuseOpenTier({ cwd, env }: McpSettings): Promise<ExecutionConfig> {
  const { value } = loadProxyConfig({ env: readEnvironment(cwd, env), cwd, flags: {} });
  if (value.execution.tier !== 'none-i-accept-the-risk') return value.execution;
  throw new ColloquyError(
    'the code was not run: config/proxy.yml switches the sandbox off (execution.tier), and clients run code in one only',
    { code: 'no-tier' },
  );
}
