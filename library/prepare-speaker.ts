import path from 'node:path';
import type { Provider } from '../agents/provider.ts';
import type { Patience } from '../agents/reliable.ts';
import type { SeatedSpeaker } from '../batch/hold-job.ts';
import { prepareSeat } from '../cli/commands/agent.ts';
import { seatedSpeaker } from '../cli/job-preparation.ts';
import { UsageError } from '../cli/failure.ts';
import { parseServiceSpec } from '../cli/service-spec.ts';
import type { RequestGates } from '../cli/request-gates.ts';
import { readVersion } from '../cli/version.ts';
import { serviceNames } from '../config/service-names.ts';
import { loadPersona, parsePersona, type Persona } from '../personas/persona.ts';
import type { Seat } from '../wire/types.ts';
import type { SpeakerOptions } from './meeting.ts';

interface Place {
  readonly seat: Seat;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What the relay asks for. */
  readonly token: string;
  /** For whom no limit of its own is given. */
  readonly gates?: RequestGates | undefined;
  /** A former meeting that knows who sat there. */
  readonly like?: { readonly like: string; readonly transcripts: string | undefined } | undefined;
}

/** Who sits down, with what writes for them. Rejects with ConfigError, UsageError, ColloquyError and ProviderError. */
export async function prepareSpeaker(options: SpeakerOptions, place: Place): Promise<SeatedSpeaker> {
  const { seat, token } = place;
  const speaker = options.provider
    ? ownSpeaker(options, options.provider, place)
    : await serviceSpeaker(options, place);
  const { name } = speaker.greeting;
  if (name.trim() === '') throw new UsageError(`${seat}.persona: the name is empty`);
  const { limit } = options;
  if (limit !== undefined && typeof limit.enter !== 'function') {
    throw new UsageError(`${seat}.limit: make it with requestLimit({ perMinute, atOnce })`);
  }
  return { ...speaker, limit: limit ?? speaker.limit, greeting: { ...speaker.greeting, token } };
}

async function serviceSpeaker(options: SpeakerOptions, place: Place): Promise<SeatedSpeaker> {
  const { seat, cwd, env, gates, like } = place;
  const { service, model, temperature, maxTokens, seed, config: file, settings } = options;
  const spec = service === undefined ? undefined : parseServiceSpec(service, `${seat}.service`);
  const persona = options.persona === undefined ? undefined : readPersona(options.persona, place);
  if (!like && !spec && file === undefined && persona?.service === undefined) {
    throw new UsageError(
      `${seat}.service: say what writes the replies: ${serviceNames.join(', ')}; or give a provider of your own`,
    );
  }
  const prepared = await prepareSeat(
    {
      ...like,
      ...(like ? { seat } : {}),
      ...(spec ? { service: spec.service, ...fromFlags(spec.flags, cwd) } : {}),
      ...(model === undefined ? {} : { model }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxTokens === undefined ? {} : { 'max-tokens': maxTokens }),
      ...(seed === undefined ? {} : { seed }),
      ...(file === undefined ? {} : { config: file }),
    },
    { cwd, env, persona, settings },
  );
  return seatedSpeaker(prepared, gates?.of(prepared.config));
}

/** As much as the settings of a model service have by themselves. */
const usualPatience: Patience = {
  firstPieceMs: 120_000,
  idleMs: 60_000,
  maxRetries: 6,
  maxWaitMs: 300_000,
};

function ownSpeaker(options: SpeakerOptions, provider: Provider, place: Place): SeatedSpeaker {
  const { seat } = place;
  const odd = (['service', 'model', 'temperature', 'maxTokens', 'seed', 'settings', 'config'] as const).find(
    (key) => options[key] !== undefined,
  );
  if (odd !== undefined) {
    throw new UsageError(`${seat}.${odd} is for a service; a provider of your own knows it by itself`);
  }
  if (options.persona === undefined) throw new UsageError(`${seat}.persona: say who speaks`);
  const { name, lang, gender, text, opening } = readPersona(options.persona, place);
  return {
    greeting: {
      name,
      ...(lang === undefined ? {} : { lang }),
      ...(gender === undefined ? {} : { gender }),
      provider: provider.name,
      model: provider.model,
      features: ['note'],
      persona: text,
      software: `colloquy ${readVersion()}`,
    },
    system: text,
    ...(opening === undefined ? {} : { opening }),
    provider,
    patience: usualPatience,
  };
}

function readPersona(persona: NonNullable<SpeakerOptions['persona']>, { seat, cwd }: Place): Persona {
  if (typeof persona !== 'string') {
    const { text, name, lang } = persona;
    const read = parsePersona(text, { shown: `${seat}.persona`, name: `Speaker ${seat.toUpperCase()}` });
    return { ...read, ...(name === undefined ? {} : { name }), ...(lang === undefined ? {} : { lang }) };
  }
  if (!persona.includes('\n')) return loadPersona(persona, { cwd });
  throw new UsageError(`${seat}.persona is a name or a file; give a text as { text: '…' }`);
}

/** Files stand from the working folder on. */
function fromFlags(flags: readonly string[], cwd: string): Record<string, string> {
  return Object.fromEntries(
    flags.map((flag) => {
      const [, key = '', value = ''] = /^--([\w-]+)=(.*)$/s.exec(flag) ?? [];
      return [key, key === 'replies' || key === 'script' ? path.resolve(cwd, value) : value];
    }),
  );
}
