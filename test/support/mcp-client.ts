import { Client, type ProgressCallback } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { onTestFinished } from 'vitest';
import { programPath } from '../../config/paths.ts';

/** What a tool gave. */
export interface Answer {
  readonly isError: boolean;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface McpSession {
  readonly client: Client;
  /** Of the server. */
  readonly pid: number;
  readonly call: (
    name: string,
    given?: Record<string, unknown>,
    options?: { signal?: AbortSignal; onprogress?: ProgressCallback },
  ) => Promise<Answer>;
}

/** The built `colloquy mcp`, driven by the official client; ended when the test is. */
export async function connectToMcp(
  cwd: string,
  {
    args = [],
    env = {},
    era = 'legacy',
  }: {
    readonly args?: readonly string[];
    readonly env?: Record<string, string>;
    /** Which generation of the protocol the client speaks first. */
    readonly era?: 'legacy' | 'auto';
  } = {},
): Promise<McpSession> {
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    era === 'auto' ? { versionNegotiation: { mode: 'auto' } } : {},
  );
  const { PATH = '', HOME = '' } = process.env;
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [programPath, 'mcp', ...args],
    cwd,
    env: { PATH, HOME, ...env },
    stderr: 'pipe',
  });
  onTestFinished(() => client.close());
  await client.connect(transport);
  return {
    client,
    pid: transport.pid ?? 0,
    async call(name, given = {}, options = {}) {
      const { content, structuredContent, isError } = await client.callTool(
        { name, arguments: given },
        options,
      );
      const [first] = content;
      return {
        isError: isError === true,
        text: first?.type === 'text' ? first.text : '',
        data: (structuredContent ?? {}) as Record<string, unknown>,
      };
    },
  };
}
