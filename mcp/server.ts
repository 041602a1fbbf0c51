import { McpServer } from '@modelcontextprotocol/server';
import { readVersion } from '../cli/version.ts';
import { offerMeetings } from './hold-meeting.ts';
import { offerPersonas } from './list-personas.ts';
import { CodeRunner, offerCode } from './run-code.ts';
import type { McpSettings } from './settings.ts';
import { offerTranscripts } from './transcripts.ts';

export interface McpProgram {
  /** One for each connection. */
  readonly createServer: () => McpServer;
  /** Ends all that runs. */
  readonly close: () => Promise<void>;
}

const instructions = `Colloquy holds meetings between two language models, each with a persona, runs code in a sandbox, and keeps transcripts. list_personas tells who can speak. eliza and parry are built in, and need no key: a meeting of the two is a good first try. A meeting takes as long as its models do; ask for progress, and for few messages.`;

/** What an MCP client finds here. */
export function createMcpProgram(settings: McpSettings): McpProgram {
  const code = new CodeRunner(settings);
  const running = new Set<Promise<unknown>>();
  const leaving = new AbortController();
  return {
    createServer() {
      const server = new McpServer({ name: 'colloquy', version: readVersion() }, { instructions });
      offerMeetings(server, settings, { running, leaving: leaving.signal });
      offerCode(server, code);
      offerTranscripts(server, settings);
      offerPersonas(server, settings);
      return server;
    },
    async close() {
      leaving.abort();
      await Promise.allSettled(running);
      await code.close();
    },
  };
}
