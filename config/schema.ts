import * as z from 'zod';
import { isLoopbackHost } from '../wire/address.ts';
import { describePatternProblem } from './rule-pattern.ts';
import type { ServiceName } from './service-names.ts';

/** Every key of every settings file, with its default and what it does. YAML spells keys in snake_case. */

const languages = ['python', 'bash', 'javascript'] as const;
const port = z.int().min(0).max(65_535);
const count = z.int().min(0);
/** What Node's timers can wait, about 24 days: with more, `setTimeout` fires at once. */
const longestTimerMs = 2_147_483_647;
const seconds = z
  .number()
  .min(0)
  .max(Math.floor(longestTimerMs / 1_000));
/** Without this, `localhost:8000/v1` is a URL too, of the protocol `localhost:`. */
const webAddress = z.url({ protocol: /^https?$/ });
const secret = (text: string): z.ZodOptional<z.ZodString> =>
  z.string().optional().meta({ description: text, secret: true });

const rateLimits = {
  messages_per_minute: z.number().min(0).default(0).describe('messages a minute; 0: no limit'),
  characters_per_minute: z.number().min(0).default(0).describe('characters a minute; 0: no limit'),
};

const pattern = z.string().check((context) => {
  const message = describePatternProblem(context.value);
  if (message !== undefined) context.issues.push({ code: 'custom', message, input: context.value });
});
const rule = z.strictObject({
  pattern: pattern.describe(
    'a regular expression of JavaScript, tried on the code without its comments; (?i) in front ignores case',
  ),
  why: z.string().min(1).describe('what the author is told'),
  unless: pattern.optional().describe('a regular expression; what it finds in the match is allowed'),
  languages: z.array(z.enum(languages)).optional().describe('only code in these languages'),
});

function isFitIndex(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username } = new URL(url);
  const isEncrypted = protocol === 'https:';
  // An address of IPv6 stands in brackets in a URL.
  const isHere = protocol === 'http:' && isLoopbackHost(hostname.replace(/^\[|\]$/g, ''));
  return (isEncrypted || isHere) && username === '';
}

const executionSchema = z.strictObject({
  enabled: z.boolean().default(false).describe('run the code that agents write'),
  seats: z.enum(['both', 'a', 'b']).default('both').describe('who may have code run: both, a or b'),
  blocks: z
    .enum(['marked', 'fenced'])
    .default('marked')
    .describe('marked: what follows RUN-CODE or TEST-ASSERT; fenced: every python and python-test fence'),
  passes: count.default(2).describe('a meeting ends after so many passed tests; 0: never'),
  approve: z.boolean().default(false).describe('a person is asked before a block is run'),
  approver: z
    .enum(['terminal', 'moderator'])
    .default('terminal')
    .describe('who is asked: the terminal, and moderators too; or moderators alone, by control or the page'),
  sidecar: z
    .string()
    .refine((text) => /^$|^.+:\d+$/.test(text), 'must be HOST:PORT, such as 127.0.0.1:17777')
    .default('')
    .describe('host:port of a sidecar that runs already; empty: one is started'),
  sidecar_token: z.string().default('').meta({
    description: 'what a sidecar that listens for others asks for; empty: nothing',
    secret: true,
  }),
  tier: z
    .enum(['auto', 'bubblewrap', 'deno', 'runsc', 'none-i-accept-the-risk'])
    .default('auto')
    .describe('how code is kept apart; auto: the best that passes its self-test'),
  minimum_tier: z
    .enum(['bubblewrap', 'deno'])
    .default('deno')
    .describe('auto chooses nothing weaker than this'),
  python: z.string().min(1).default('/usr/bin/python3').describe('the interpreter that bubblewrap is given'),
  policy: z
    .boolean()
    .default(true)
    .describe('refuse what the rules below match; the tier is the wall, not they'),
  block: z.array(rule).optional().describe('code that matches is refused; replaces the built-in rules'),
  restrict: z
    .array(rule)
    .optional()
    .describe('the same for what is fine within limits, see unless; replaces the built-in rules'),
  allowed_domains: z
    .array(z.string().min(1))
    .default([])
    .describe('hosts, with all below them, that code may name in a URL; for the built-in restrict rules'),
  allowed_extensions: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'endings of files that code may write, without it the usual ones; for the built-in restrict rules',
    ),
  package_index: z
    .string()
    .refine(isFitIndex, 'must be an https URL, or http on this machine, such as http://127.0.0.1:3141/simple')
    .default('https://pypi.org/simple')
    .describe('where packages come from that a program needs (PEP 503)'),
  package_hosts: z
    .array(z.string().regex(/^[a-z0-9.-]+(:\d+)?$/i, 'must be HOST or HOST:PORT'))
    .default([])
    .describe("hosts beside the index's own that its files come from"),
  package_index_private: z
    .boolean()
    .default(false)
    .describe('the name of the index may stand for a private address, as in a company'),
  install_seconds: seconds.min(1).default(300).describe('wall time of an installation of packages'),
  install_mb: z.int().min(16).default(1_024).describe('what an installation may download, and make'),
  limits: z
    .strictObject({
      seconds: z.number().min(0.1).max(3_600).default(10).describe('wall time of a block'),
      cpu_seconds: z
        .int()
        .min(1)
        .max(3_600)
        .default(30)
        .describe('processor time of each process in a block'),
      memory_mb: z.int().min(64).default(512).describe('memory of a session'),
      output_kb: z
        .int()
        .min(1)
        .max(512)
        .default(64)
        .describe('output of a block that is shown, head and tail'),
      processes: z.int().min(8).default(64).describe('processes and threads of a session'),
      open_files: z.int().min(32).default(256).describe('open files of a process'),
      disk_mb: z.int().min(1).default(256).describe('files of a session'),
    })
    .prefault({})
    .describe('what a session may use'),
});

const loopsSchema = z.strictObject({
  enabled: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .describe('end a meeting that goes round in circles; auto: where a model talks and no person'),
  repeats: count.default(3).describe('so often must both have said the same; 0: that ends none'),
  similarity: z
    .number()
    .min(0.5)
    .max(1)
    .default(0.75)
    .describe('from what on two messages are the same; 1: to the letter'),
  window: z.int().min(4).max(100).default(12).describe('how many messages back the same may stand'),
  courtesies: count
    .default(5)
    .describe('so many messages in a row of nothing but goodbyes, thanks and praise; 0: they end none'),
  short_turns: count
    .default(6)
    .describe('so many in a row that are empty, emoji or a mere assent; 0: they end none'),
  one_sided: count
    .default(6)
    .describe('so many of one seat that are the same, whatever the other says; 0: they end none'),
});

export type ExecutionConfig = z.infer<typeof executionSchema>;

const file = z.string().min(1);

const commandLine = z.union([z.string().min(1), z.array(z.string()).min(1)]).optional();
const speechSchema = z.strictObject({
  engine: z
    .enum(['auto', 'say', 'espeak-ng', 'spd-say', 'command'])
    .default('auto')
    .describe('what speaks; auto: command if it is set, else the first that is there'),
  command: commandLine.describe(
    'a program and its arguments; it reads the text from stdin, {lang} {voice} {file} … are filled in',
  ),
  player: commandLine.describe('what plays the {file} that command has written; else what is there'),
  voices: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe('the voice of a speaker, by name, or by language and gender: en-GB-f, en-f, en, f'),
  lang: z
    .string()
    .regex(/^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*$/, 'must be a language code such as en or pt-BR')
    .default('en')
    .describe('the language of whoever names none and has said too little to tell'),
  rate: z.int().min(60).max(500).optional().describe('words a minute; else as the program likes'),
  code: z
    .enum(['announce', 'skip'])
    .default('announce')
    .describe('announce: a short phrase stands for a block of code; skip: nothing does'),
  max_characters: z
    .int()
    .min(100)
    .max(20_000)
    .default(4_000)
    .describe('of a longer turn the rest is not read'),
  max_turns_behind: count
    .default(0)
    .describe('of more turns that wait to be read, the oldest are left out; 0: all are read'),
});
export type SpeechConfig = z.infer<typeof speechSchema>;

const proxyShape = z.strictObject({
  host: z.string().default('127.0.0.1').describe('address to listen on'),
  port_a: port.default(18_888).describe('port of seat a; 0: any free one'),
  port_b: port.default(19_999).describe('port of seat b; 0: any free one'),
  hello: z.string().min(1).default('/start').describe('what the one who starts is sent'),
  first: z.enum(['random', 'a', 'b']).default('random').describe('who starts: a, b or random'),
  max_messages: count.default(10).describe('a meeting ends after so many messages of both; 0: never'),
  max_seconds: seconds.default(0).describe('a meeting ends after so many seconds; 0: never'),
  max_tokens: count
    .default(0)
    .describe('a meeting ends after so many tokens, read and written, of both; 0: never'),
  max_cost: z.number().min(0).default(0).describe('a meeting ends after so many US dollars; 0: never'),
  idle_seconds: seconds
    .default(0)
    .describe('a meeting ends when nobody has said anything for so long; 0: never'),
  tell_turns_left: z
    .boolean()
    .default(false)
    .describe('tell agents how many messages are left, a few times before max_messages'),
  prices: file
    .optional()
    .describe(
      'file of prices, laid over those of the program; without it config/prices.yml, where there is one',
    ),
  transcripts: z.string().min(1).default('transcripts').describe('folder of the journals and transcripts'),
  transcript: z.boolean().default(true).describe('false: nothing is kept, neither journal nor transcripts'),
  rate: z
    .strictObject({
      ...rateLimits,
      providers: z
        .record(z.string(), z.strictObject(rateLimits).prefault({}))
        .default({})
        .describe('limits by provider, over all meetings of this proxy'),
    })
    .prefault({})
    .describe('how fast each seat may speak'),
  token: z
    .string()
    .default('')
    .meta({ description: 'what agents must know to sit down; empty: nothing', secret: true }),
  tokens: z
    .strictObject({
      a: secret('what agents must know for seat a, instead of token'),
      b: secret('what agents must know for seat b, instead of token'),
    })
    .prefault({})
    .describe('a token for each seat'),
  tls: z
    .strictObject({
      cert: file
        .optional()
        .describe('certificate of the proxy, with its chain, in PEM; with it, agents must speak TLS'),
      key: file.optional().describe('file of the private key that belongs to it'),
      ca: file.optional().describe('certificate of the CA that signs those of agents'),
      client_certificates: z
        .enum(['none', 'required'])
        .default('none')
        .describe('required: who has no certificate of that CA is not heard'),
    })
    .prefault({})
    .describe('TLS for agents'),
  execution: executionSchema.prefault({}).describe('running the code that agents write'),
  loops: loopsSchema.prefault({}).describe('noticing that two talk in circles'),
  flags: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .describe('flag what is doubtful about a meeting; auto: where a model talks'),
  speech: speechSchema.prefault({}).describe('reading turns aloud'),
  translate: z
    .boolean()
    .default(false)
    .describe('where the two speak different languages, each is told the other in its own'),
  translator: z
    .string()
    .min(1)
    .optional()
    .describe('settings file of the translator (.yml), or SERVICE:MODEL; else config/translator.yml'),
  metrics: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('address to serve /metrics on'),
      port: port.optional().describe('port of /metrics for Prometheus; left out: there is none'),
      token: secret('what whoever asks must know (Authorization: Bearer)'),
    })
    .prefault({})
    .describe('/metrics of colloquy proxy'),
  control: z.boolean().default(true).describe('false: no meeting can be moderated from another terminal'),
  max_frame_bytes: z.int().min(1_024).default(1_048_576).describe('the longest frame'),
  classic_idle_ms: count
    .max(longestTimerMs)
    .default(250)
    .describe('silence that ends a message of the classic dialect; 0: a line is a message'),
  greeting_seconds: seconds.default(10).describe('how long a greeting may take'),
  goodbye_seconds: seconds.default(30).describe('how long the answer to a goodbye may take'),
  drain_seconds: seconds.default(60).describe('how long an agent may read nothing; 0: for ever'),
  resume_seconds: seconds
    .default(60)
    .describe('how long a seat is kept for an agent that lost its connection; 0: not at all'),
  shutdown_seconds: seconds
    .default(5)
    .describe('how long messages that are being written may take when the proxy is told to end'),
  journal: z
    .strictObject({
      sync: z
        .enum(['always', 'interval', 'none'])
        .default('interval')
        .describe(
          'when what was written is on the disk: before it is forwarded, soon, or when the system likes',
        ),
      max_mb: count.default(0).describe('a meeting whose journal is larger ends; 0: no limit'),
    })
    .prefault({})
    .describe('how meetings are recorded'),
  limits: z
    .strictObject({
      connections: count.min(2).default(4_096).describe('connections at a time'),
      connections_per_address: count
        .default(512)
        .describe('the same from one address other than this machine; of IPv6, from one /64; 0: no limit'),
      strangers: count
        .min(1)
        .default(2_048)
        .describe('connections that have not greeted yet; of more, the oldest is closed'),
      waiting: count.min(1).default(1_024).describe('agents that have greeted and wait for a partner'),
      meetings: count.min(1).default(2_048).describe('meetings at a time'),
    })
    .prefault({})
    .describe('how many may come'),
});

export type ProxyConfig = z.infer<typeof proxyShape>;

export const proxySchema = proxyShape.check((context) => {
  const config = context.value;
  const refuse = (path: string[], message: string): void => {
    context.issues.push({ code: 'custom', path, message, input: config });
  };
  const { cert, key, ca, client_certificates } = config.tls;
  if (cert !== undefined && key === undefined) refuse(['tls', 'cert'], 'needs tls.key beside it');
  if (key !== undefined && cert === undefined) refuse(['tls', 'key'], 'needs tls.cert beside it');
  const isRequired = client_certificates === 'required';
  if (isRequired && (cert === undefined || ca === undefined)) {
    refuse(['tls', 'client_certificates'], 'cannot be required without tls.cert, tls.key and tls.ca');
  }
  if (ca !== undefined && !isRequired) {
    refuse(['tls', 'ca'], 'checks nobody unless tls.client_certificates is required');
  }
  const isOpen = (['a', 'b'] as const).some((seat) => tokenOf(config, seat) === '');
  if (!isLoopbackHost(config.host) && isOpen && !isRequired) {
    refuse(
      ['host'],
      `must be 127.0.0.1, and not ${JSON.stringify(config.host)}, as long as whoever reaches it can sit down: set token, or tokens for both seats, or require client certificates (docs/security.md)`,
    );
  }
  const { host, token = '' } = config.metrics;
  if (!isLoopbackHost(host) && token === '') {
    refuse(
      ['metrics', 'host'],
      `must be 127.0.0.1, and not ${JSON.stringify(host)}, as long as whoever reaches it may read the metrics: set metrics.token`,
    );
  }
});

/** What must be known for a seat: its own token, or else that of both. */
export function tokenOf(config: Pick<ProxyConfig, 'token' | 'tokens'>, seat: 'a' | 'b'): string {
  return config.tokens[seat] || config.token;
}

const seat = {
  persona: z.string().optional().describe('file of the persona'),
  host: z.string().min(1).default('127.0.0.1').describe('address of the proxy'),
  port: port.min(1).default(18_888).describe('port of the seat: 18888 is a, 19999 is b'),
  meeting: z.string().optional().describe('sit in this meeting and no other'),
  token: secret('what the proxy asks for, if it does'),
  tls: z
    .boolean()
    .default(false)
    .describe('speak TLS, and only with a proxy that proves who it is; each of the four below says so too'),
  tls_ca: file
    .optional()
    .describe('certificate of the CA that signs that of the proxy; else what Node trusts'),
  tls_cert: file.optional().describe('certificate of this agent, if the proxy asks for one'),
  tls_key: file.optional().describe('file of the private key that belongs to it'),
  tls_server_name: z
    .string()
    .min(1)
    .optional()
    .describe('the name in the certificate of the proxy, if it is not the host'),
};

const temperature = z.number().min(0).max(2).optional().describe('sampling temperature');
const top_p = z.number().min(0).max(1).optional().describe('nucleus sampling');
const seed = z.int().optional().describe('seed for sampling');
const stop = z.array(z.string()).optional().describe('texts that end a reply');
const max_tokens = z.int().min(1).optional().describe('longest reply, in tokens');

const context = {
  context_tokens: z
    .int()
    .min(512)
    .optional()
    .describe('the most the model can read and write at once, in tokens; left out: as known of the model'),
  context_strategy: z
    .enum(['truncate-middle', 'truncate-oldest', 'summarize'])
    .default('truncate-middle')
    .describe('what is left out when a conversation is longer than that'),
  show_reasoning: z.boolean().default(false).describe('show those who watch what the model thinks'),
};

const patience = (
  firstPieceSeconds: number,
): typeof patienceShape & { timeout_seconds: z.ZodDefault<z.ZodNumber> } => ({
  timeout_seconds: seconds
    .default(firstPieceSeconds)
    .describe('how long the first piece of a reply may take'),
  ...patienceShape,
});
const patienceShape = {
  idle_seconds: seconds.default(60).describe('how long a reply may pause; 0: for ever'),
  max_retries: count.default(6).describe('how often a reply is asked for again'),
  max_wait_seconds: seconds
    .default(300)
    .describe('the longest wait before that; a server that wants more is given up'),
};

/** Of processes that ask for more than one reply at a time: pipelines. */
const requests = (
  atOnce: number,
): {
  requests_at_once: z.ZodDefault<z.ZodInt>;
  requests_per_minute: z.ZodDefault<z.ZodNumber>;
} => ({
  requests_at_once: count
    .default(atOnce)
    .describe(
      'how many steps of a pipeline, samples of a coding task or seats of a batch may ask at the same time; 0: no limit',
    ),
  requests_per_minute: z
    .number()
    .min(0)
    .default(0)
    .describe('how many requests a minute a pipeline, a coding task or a batch may make; 0: no limit'),
});

const gone = z
  .undefined({ error: 'is not taken by the Anthropic API any more; delete the key' })
  .optional()
  .meta({ hidden: true });

const charactersPerSecond = z.number().min(0).default(0).describe('how fast replies are written; 0: at once');

export const serviceSchemas = {
  openai: z.strictObject({
    service: z.literal('openai').default('openai'),
    model: z.string().min(1).default('gpt-4o-mini').describe('model'),
    base_url: webAddress
      .default('https://api.openai.com/v1')
      .describe('where the service is; OPENAI_BASE_URL'),
    api_key: secret('better kept in OPENAI_API_KEY or in .env'),
    temperature,
    top_p,
    max_tokens,
    seed,
    stop,
    ...context,
    ...patience(120),
    ...requests(8),
    ...seat,
  }),
  anthropic: z.strictObject({
    service: z.literal('anthropic').default('anthropic'),
    model: z.string().min(1).default('claude-sonnet-4-5').describe('model'),
    base_url: webAddress
      .default('https://api.anthropic.com')
      .describe('where the service is; ANTHROPIC_BASE_URL'),
    api_key: secret('better kept in ANTHROPIC_API_KEY or in .env'),
    max_tokens: z.int().min(1).default(4_096).describe('longest reply, in tokens'),
    stop,
    temperature: gone,
    top_p: gone,
    top_k: gone,
    ...context,
    ...patience(120),
    ...requests(4),
    ...seat,
  }),
  ollama: z.strictObject({
    service: z.literal('ollama').default('ollama'),
    model: z.string().min(1).default('llama3.2').describe('model; `ollama list` tells which there are'),
    base_url: z.string().min(1).default('http://127.0.0.1:11434').describe('where Ollama is; OLLAMA_HOST'),
    temperature,
    top_p,
    max_tokens,
    seed,
    stop,
    num_ctx: z
      .int()
      .min(1)
      .optional()
      .describe('context window that Ollama is asked for, in tokens; left out: context_tokens'),
    keep_alive: z
      .union([z.string(), z.number()])
      .optional()
      .describe('how long the model stays loaded, such as 10m'),
    ...context,
    ...patience(300),
    ...requests(4),
    ...seat,
  }),
  lmstudio: z.strictObject({
    service: z.literal('lmstudio').default('lmstudio'),
    model: z.string().default('').describe('model; empty: whatever is loaded'),
    base_url: webAddress
      .default('http://127.0.0.1:1234/v1')
      .describe('where LM Studio is; LMSTUDIO_BASE_URL'),
    api_key: secret('only if a proxy in front of it asks for one; LMSTUDIO_API_KEY'),
    temperature,
    top_p,
    max_tokens,
    seed,
    stop,
    ...context,
    ...patience(300),
    ...requests(4),
    ...seat,
  }),
  eliza: z.strictObject({
    service: z.literal('eliza').default('eliza'),
    script: z.string().optional().describe('a script of your own, in YAML or in list notation'),
    seed,
    characters_per_second: charactersPerSecond,
    ...seat,
  }),
  parry: z.strictObject({
    service: z.literal('parry').default('parry'),
    script: z.string().optional().describe('a script of your own, in YAML'),
    seed,
    characters_per_second: charactersPerSecond,
    ...seat,
  }),
  scripted: z.strictObject({
    service: z.literal('scripted').default('scripted'),
    replies: z.string().optional().describe('the file of replies'),
    ...seat,
  }),
  pipeline: z.strictObject({
    service: z.literal('pipeline').default('pipeline'),
    pipeline: z.string().min(1).optional().describe('file or name of the pipeline'),
    steps: z
      .string()
      .min(1)
      .optional()
      .describe('who writes for the steps that name no service: SERVICE or SERVICE:MODEL'),
    modules: z.array(file).optional().describe('files with modules of your own'),
    runs: z.string().min(1).default('runs').describe('folder of the runs: each turn is one'),
    seed: seed.describe('seed for sampling, for the steps that name none'),
    ...seat,
  }),
  command: z.strictObject({
    service: z.literal('command').default('command'),
    command: z
      .union([z.string().min(1), z.array(z.string()).min(1)])
      .optional()
      .describe('the program and its arguments'),
    ...context,
    ...patience(120),
    ...requests(4),
    ...seat,
  }),
} as const satisfies Record<ServiceName, z.ZodType>;

export type ServiceConfig = { [name in ServiceName]: z.infer<(typeof serviceSchemas)[name]> }[ServiceName];

/** What an environment variable sets, by service. */
export const serviceVariables: Readonly<Partial<Record<ServiceName, Readonly<Record<string, string>>>>> = {
  openai: { OPENAI_API_KEY: 'api_key', OPENAI_BASE_URL: 'base_url' },
  anthropic: { ANTHROPIC_API_KEY: 'api_key', ANTHROPIC_BASE_URL: 'base_url' },
  ollama: { OLLAMA_HOST: 'base_url' },
  lmstudio: { LMSTUDIO_API_KEY: 'api_key', LMSTUDIO_BASE_URL: 'base_url' },
};
