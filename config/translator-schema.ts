import * as z from 'zod';
import { serviceSchemas, type ServiceConfig } from './schema.ts';

/** Every key of config/translator.yml: those of the service that translates, but for its seat, and a few more. */

/** Who can be asked for a translation: the built-in speakers only know their own lines. */
export const translatorServices = [
  'openai',
  'anthropic',
  'ollama',
  'lmstudio',
  'scripted',
  'command',
] as const;
export type TranslatorService = (typeof translatorServices)[number];

/** Of the keys of a service, those that say where an agent sits, and how it reads a conversation. */
const seatKeys = [
  ...['persona', 'host', 'port', 'meeting', 'token'],
  ...['context_tokens', 'context_strategy', 'show_reasoning'],
  ...['requests_at_once', 'requests_per_minute'],
  ...['tls', 'tls_ca', 'tls_cert', 'tls_key', 'tls_server_name'],
];

const own = {
  prompt: z
    .string()
    .min(1)
    .optional()
    .describe(
      'what the translator is told, with {from}, {to}, {speaker} and {listener}; else the built-in words',
    ),
  turn_seconds: z
    .number()
    .min(1)
    .max(3_600)
    .default(120)
    .describe(
      'how long a turn may wait for its translation, whatever is tried again; then it goes on as it is',
    ),
};

/** Two people wait for a translation, so it is not tried again as patiently as a reply. */
const patience = {
  max_retries: z.int().min(0).default(2).describe('how often a translation is asked for again'),
  max_wait_seconds: z
    .number()
    .min(0)
    .max(3_600)
    .default(30)
    .describe('the longest wait before that; a server that wants more is given up'),
};

interface OwnSettings {
  readonly prompt?: string | undefined;
  readonly turn_seconds: number;
}

/** The settings of a translator; `service` tells which keys there are. */
export type TranslatorConfig = OwnSettings & { readonly service: TranslatorService };

export const translatorSchemas = Object.fromEntries(
  translatorServices.map((name) => [name, toTranslatorSchema(serviceSchemas[name])]),
) as unknown as Readonly<Record<TranslatorService, z.ZodType<TranslatorConfig>>>;

/** The same as for an agent of that service, for whoever creates the provider. */
export function toServiceConfig({ prompt, turn_seconds, ...config }: TranslatorConfig): ServiceConfig {
  void prompt;
  void turn_seconds;
  return serviceSchemas[config.service].parse(config);
}

function toTranslatorSchema(schema: z.ZodObject): z.ZodObject {
  const shape = Object.entries(schema.shape).filter(([key]) => !seatKeys.includes(key));
  const isPatient = 'max_retries' in schema.shape;
  return z.strictObject({ ...Object.fromEntries(shape), ...(isPatient ? patience : {}), ...own });
}
