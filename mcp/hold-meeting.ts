import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { parsePersona, loadPersona, maxPersonaBytes, type Persona } from '../personas/persona.ts';
import { hold } from '../library/hold.ts';
import type { Meeting, SpeakerOptions, Turn } from '../library/meeting.ts';
import { visibleLine } from '../journal/render/visible-controls.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { stopReasons, type Seat } from '../wire/types.ts';
import { fileOf } from '../web/server/personas.ts';
import type { McpSettings, OfferedService } from './settings.ts';
import { meetingUri, readTranscript } from './transcript-pages.ts';

interface Household {
  /** Meetings that go on. */
  readonly running: Set<Promise<unknown>>;
  /** Aborted when the program ends. */
  readonly leaving: AbortSignal;
}

/** The tool `hold_meeting`. */
export function offerMeetings(server: McpServer, settings: McpSettings, household: Household): void {
  const inputSchema = inputOf(settings);
  const { mostMessages, mostSeconds } = settings;
  server.registerTool(
    'hold_meeting',
    {
      title: 'Hold a meeting',
      description: `Lets two speakers talk to each other, and gives what they said. At most ${mostMessages} messages and ${mostSeconds} s. Models that are not built in may cost money.`,
      inputSchema,
      outputSchema,
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
    },
    async (wish, context) => {
      if (household.running.size >= settings.meetingsAtOnce) {
        throw new ColloquyError(
          `${settings.meetingsAtOnce} meetings go on already, and no more may at a time; wait for one to end, or start the server with a larger --meetings`,
          { code: 'busy' },
        );
      }
      const held = holdWished(wish, settings, household, context);
      household.running.add(held);
      try {
        return await held;
      } finally {
        household.running.delete(held);
      }
    },
  );
}

const outputSchema = z.object({
  id: z.string().describe('name of the meeting, for read_meeting'),
  uri: z.string(),
  stop_reason: z.enum(stopReasons),
  detail: z.string().optional(),
  turns: z.int(),
  tokens: z.int().describe('read and written, of both'),
  cost: z.number().optional().describe('US dollars; absent where a price is not known'),
  transcript: z.string().describe('Markdown'),
  next_turn: z.int().optional().describe('where the transcript goes on: read_meeting with from_turn'),
});

function inputOf({ services, mostMessages, mostSeconds }: McpSettings) {
  const speaker = z
    .strictObject({
      persona: z
        .string()
        .max(100)
        .optional()
        .describe('name of a persona, as list_personas gives it; eliza and parry need none'),
      persona_text: z
        .string()
        .min(1)
        .max(maxPersonaBytes)
        .optional()
        .describe('instead: the persona itself, "# Philosopher Persona: Name (en)" and who they are'),
      service: z.enum(services).optional().describe("who writes; left out: the persona's own"),
      model: z.string().min(1).max(200).optional().describe('as the service names it'),
      temperature: z.number().min(0).max(2).optional(),
    })
    .describe('who speaks, and what writes for them');
  return z.strictObject({
    a: speaker,
    b: speaker,
    topic: z
      .string()
      .min(1)
      .max(10_000)
      .optional()
      .describe('what the one who starts is told; left out: just to begin'),
    first: z.enum(['a', 'b', 'random']).optional().describe('who starts'),
    max_messages: z
      .int()
      .min(1)
      .max(mostMessages)
      .default(Math.min(10, mostMessages))
      .describe('the meeting ends after so many messages of both'),
    max_seconds: z.int().min(1).max(mostSeconds).optional().describe('and after so many seconds'),
    run_code: z
      .boolean()
      .default(false)
      .describe('run the code that they write (RUN-CODE, TEST-ASSERT), in the sandbox'),
  });
}

type Wish = z.infer<ReturnType<typeof inputOf>>;

async function holdWished(
  wish: Wish,
  settings: McpSettings,
  { leaving }: Household,
  { mcpReq }: ServerContext,
) {
  const { cwd, env, transcripts, mostSeconds, mostCost } = settings;
  if (wish.run_code) {
    const { refuseOpenTier } = await import('./run-code.ts');
    await refuseOpenTier(settings);
  }
  let id: string | undefined;
  const meeting = hold({
    a: speakerOf(wish.a, 'a', settings),
    b: speakerOf(wish.b, 'b', settings),
    maxMessages: wish.max_messages,
    maxSeconds: wish.max_seconds ?? mostSeconds,
    maxCost: mostCost,
    ...(wish.topic === undefined ? {} : { hello: wish.topic }),
    ...(wish.first === undefined ? {} : { first: wish.first }),
    execution: wish.run_code,
    transcripts,
    cwd,
    env,
    onEvent: (event) => {
      if (event.type === 'paired') id = event.meeting;
    },
  });
  const cancelled = AbortSignal.any([mcpReq.signal, leaving]);
  const stop = (): void => meeting.stop(0);
  cancelled.addEventListener('abort', stop, { once: true });
  if (cancelled.aborted) stop();
  try {
    const result = await follow(meeting, wish.max_messages, mcpReq);
    const { text, nextTurn } = await readTranscript(transcripts, result.id, { fromTurn: 1 });
    const structuredContent = {
      id: result.id,
      uri: meetingUri(result.id),
      stop_reason: result.reason,
      ...(result.detail === undefined ? {} : { detail: result.detail }),
      turns: result.turns,
      tokens: result.tokens,
      ...(result.cost === undefined ? {} : { cost: result.cost }),
      transcript: text,
      ...(nextTurn === undefined ? {} : { next_turn: nextTurn }),
    };
    return { content: [{ type: 'text' as const, text }], structuredContent };
  } catch (error) {
    const kept = id === undefined ? '' : `; what was said until then: read_meeting ${id}`;
    throw new ColloquyError(`${messageOf(error)}${kept}`, { code: 'meeting-failed', cause: error });
  } finally {
    cancelled.removeEventListener('abort', stop);
  }
}

/** Tells of each turn whoever asked for progress. */
async function follow(meeting: Meeting, total: number, { _meta, notify, signal }: ServerContext['mcpReq']) {
  const progressToken = _meta?.progressToken;
  for await (const turn of meeting) {
    if (progressToken === undefined || signal.aborted) continue;
    await notify({
      method: 'notifications/progress',
      params: { progressToken, progress: turn.number, total, message: summarize(turn) },
    }).catch(() => {});
  }
  return meeting.finished;
}

const mostSummaryCharacters = 300;

function summarize({ name, text }: Turn): string {
  const line = visibleLine(`${name}: ${text}`).replace(/\s+/g, ' ');
  return line.length <= mostSummaryCharacters ? line : `${line.slice(0, mostSummaryCharacters - 1)}…`;
}

/** No path, no program and no address comes from a client. */
function speakerOf(wish: Wish['a'], seat: Seat, settings: McpSettings): SpeakerOptions {
  const { persona: name, persona_text: text, model, temperature } = wish;
  if (name !== undefined && text !== undefined) {
    throw new ColloquyError(`${seat}: give persona or persona_text, not both`, { code: 'usage' });
  }
  const { cwd, services } = settings;
  const file = name === undefined ? undefined : fileOf(name, cwd);
  const inText =
    text === undefined ? undefined : parsePersona(text, { shown: `${seat}.persona_text`, name: seat });
  const persona = file === undefined ? inText : loadPersona(file, { cwd });
  return {
    ...(text === undefined ? {} : { persona: { text } }),
    ...(file === undefined ? {} : { persona: file }),
    service: wish.service ?? serviceOf(persona, seat, services),
    ...(model === undefined ? {} : { model }),
    ...(temperature === undefined ? {} : { temperature }),
  };
}

function serviceOf(
  persona: Persona | undefined,
  seat: Seat,
  offered: readonly OfferedService[],
): OfferedService {
  const wanted = persona?.service;
  const found = offered.find((service) => service === wanted);
  if (found !== undefined) return found;
  const why = wanted === undefined ? '' : ` (${wanted}, which the persona names, is not offered here)`;
  throw new ColloquyError(`${seat}: say who writes, with service: ${offered.join(', ')}${why}`, {
    code: 'usage',
  });
}
