import { ResourceNotFoundError, ResourceTemplate, type McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { MeetingSummary } from '../journal/meetings.ts';
import { visibleLine } from '../journal/render/visible-controls.ts';
import { ColloquyError } from '../wire/errors.ts';
import { isMeetingName } from '../wire/greeting.ts';
import type { McpSettings } from './settings.ts';
import { meetingUri, pageMeetings, readTranscript } from './transcript-pages.ts';

const readOnly = { readOnlyHint: true, idempotentHint: true, openWorldHint: false } as const;

/** The tools `list_meetings` and `read_meeting`, and the same as resources. */
export function offerTranscripts(server: McpServer, { transcripts }: McpSettings): void {
  server.registerTool(
    'list_meetings',
    {
      title: 'List meetings',
      description: 'Lists the meetings that were held, the latest first.',
      inputSchema: listInput,
      outputSchema: listOutput,
      annotations: readOnly,
    },
    async ({ limit, cursor }) => {
      const page = await pageMeetings(transcripts, { limit, cursor });
      const meetings = page.meetings.map(toRow);
      const text =
        meetings.map((row) => `${row.id}: ${describe(row)}`).join('\n') || 'No meeting was held yet.';
      const next = page.nextCursor === undefined ? {} : { next_cursor: page.nextCursor };
      return { content: [{ type: 'text', text }], structuredContent: { meetings, ...next } };
    },
  );
  server.registerTool(
    'read_meeting',
    {
      title: 'Read a meeting',
      description: 'Gives the transcript of a meeting, from a turn on, as Markdown.',
      inputSchema: readInput,
      outputSchema: readOutput,
      annotations: readOnly,
    },
    async ({ id, from_turn: fromTurn }) => {
      const { text, nextTurn } = await readTranscript(transcripts, id, { fromTurn });
      const next = nextTurn === undefined ? {} : { next_turn: nextTurn };
      return {
        content: [{ type: 'text', text }],
        structuredContent: { id, uri: meetingUri(id), transcript: text, ...next },
      };
    },
  );
  offerResources(server, transcripts);
}

const listInput = z.strictObject({
  limit: z.int().min(1).max(100).default(20),
  cursor: z.string().max(200).optional().describe('next_cursor of the page before'),
});

const rowSchema = z.object({
  id: z.string(),
  uri: z.string(),
  started_at: z.string().describe('ISO 8601'),
  names: z.array(z.string()),
  models: z.array(z.string()),
  turns: z.int(),
  ended: z.string().describe('the stop reason, or unfinished'),
  tokens: z.int().optional(),
  cost: z.number().optional().describe('US dollars'),
});
const listOutput = z.object({ meetings: z.array(rowSchema), next_cursor: z.string().optional() });

const readInput = z.strictObject({
  id: z.string().min(1).max(200).describe('as list_meetings and hold_meeting give it'),
  from_turn: z.int().min(1).default(1),
});
const readOutput = z.object({
  id: z.string(),
  uri: z.string(),
  transcript: z.string(),
  next_turn: z.int().optional().describe('where it goes on; absent: this is the end'),
});

function toRow({
  meeting,
  startedAt,
  seats,
  turns,
  ended,
  tokens,
  cost,
}: MeetingSummary): z.infer<typeof rowSchema> {
  const both = [seats.a, seats.b];
  return {
    id: meeting,
    uri: meetingUri(meeting),
    started_at: startedAt,
    names: both.map(({ name }) => name),
    models: both.map(({ provider = '', model = '' }) => [provider, model].filter(Boolean).join(' ')),
    turns,
    ended,
    ...(tokens === undefined ? {} : { tokens }),
    ...(cost === undefined ? {} : { cost }),
  };
}

function describe({ names, turns, ended }: z.infer<typeof rowSchema>): string {
  return `${visibleLine(names.join(' and '))}, ${turns} ${turns === 1 ? 'turn' : 'turns'}, ${ended}`;
}

const resourcesPerPage = 50;
const mimeType = 'text/markdown';

function offerResources(server: McpServer, transcripts: string): void {
  const read = async (uri: URL, id: string, fromTurn: number) => {
    try {
      const { text } = await readTranscript(transcripts, id, { fromTurn });
      return { contents: [{ uri: uri.href, mimeType, text }] };
    } catch (error) {
      const isUnknown = error instanceof ColloquyError && error.code === 'unknown-meeting';
      throw isUnknown ? new ResourceNotFoundError(uri.href, error.message) : error;
    }
  };
  server.registerResource(
    'meeting',
    new ResourceTemplate('colloquy://meetings/{id}', { list: undefined }),
    {
      title: 'Meeting',
      description: 'The transcript of a meeting, its beginning where it is long',
      mimeType,
    },
    (uri, { id }) => read(uri, String(id), 1),
  );
  server.registerResource(
    'meeting-from-turn',
    new ResourceTemplate('colloquy://meetings/{id}/turns/{from}', { list: undefined }),
    { title: 'Meeting from a turn on', description: 'The transcript of a meeting from a turn on', mimeType },
    (uri, { id, from }) => {
      if (!/^[1-9]\d{0,8}$/.test(String(from))) throw new ResourceNotFoundError(uri.href);
      return read(uri, String(id), Number(from));
    },
  );
  // The library's own list has no pages.
  server.server.setRequestHandler('resources/list', async ({ params }) => {
    const cursor = params?.cursor;
    if (cursor !== undefined && !isMeetingName(cursor)) {
      throw new ColloquyError('the cursor is none of a page before', { code: 'usage' });
    }
    const page = await pageMeetings(transcripts, { limit: resourcesPerPage, cursor });
    return {
      resources: page.meetings.map((meeting) => {
        const row = toRow(meeting);
        return { uri: row.uri, name: row.id, description: describe(row), mimeType };
      }),
      ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }),
    };
  });
}
