import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { listPersonas } from '../web/server/personas.ts';
import type { McpSettings } from './settings.ts';

const outputSchema = z.object({
  personas: z.array(
    z.object({
      persona: z.string().describe('what hold_meeting calls it'),
      name: z.string(),
      kind: z.string().optional(),
      lang: z.string().optional(),
      service: z.string().optional().describe('who writes for it, where it says so itself'),
      problem: z.string().optional().describe('why it cannot be used'),
    }),
  ),
  services: z.array(z.string()).describe('who can write here'),
});

/** The tool `list_personas`. */
export function offerPersonas(server: McpServer, { cwd, services }: McpSettings): void {
  server.registerTool(
    'list_personas',
    {
      title: 'List personas',
      description: 'Tells which personas can speak in a meeting, and which services can write for them.',
      inputSchema: z.strictObject({}),
      outputSchema,
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async () => {
      const rows = await listPersonas(cwd);
      const personas = rows.map(({ id, name, kind, lang, service, problem }) => ({
        persona: id,
        name,
        ...(kind === undefined ? {} : { kind }),
        ...(lang === undefined ? {} : { lang }),
        ...(service === undefined ? {} : { service }),
        ...(problem === undefined ? {} : { problem }),
      }));
      const lines = personas.map(({ persona, name, kind = '', lang = '' }) =>
        [persona, name, kind, lang].filter((part) => part !== '').join(' · '),
      );
      const text = `${lines.join('\n')}\n\nServices: ${services.join(', ')}`;
      return { content: [{ type: 'text', text }], structuredContent: { personas, services: [...services] } };
    },
  );
}
