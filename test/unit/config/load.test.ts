import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../config/errors.ts';
import {
  checkConfigFile,
  loadProxyConfig,
  loadServiceConfig,
  readEnvironment,
  type LoadedConfig,
} from '../../../config/load.ts';
import { packageRoot } from '../../../config/paths.ts';
import type { ServiceConfig } from '../../../config/schema.ts';
import type { ServiceName } from '../../../config/service-names.ts';
import { temporaryFolder } from '../../support/temporary.ts';

describe('the layers', () => {
  it('lie over each other: default, file, environment, flag; each value knows its source', async () => {
    const cwd = await folderWith({
      'my.yml': 'service: openai\nmodel: from-file\nbase_url: http://file/v1\ntop_p:   0.5\nmax_tokens: 5\n',
    });
    const { value, sources, file } = loadServiceConfig({
      file: 'my.yml',
      cwd,
      env: { OPENAI_BASE_URL: 'http://variable/v1', OPENAI_API_KEY: 'sk-1', OLLAMA_HOST: 'http://elsewhere' },
      flags: { max_tokens: 9, api_key: 'sk-2', temperature: undefined },
    });
    const expected: [string, unknown, string][] = [
      ['service', 'openai', 'my.yml:1:10'],
      ['model', 'from-file', 'my.yml:2:8'],
      ['base_url', 'http://variable/v1', 'OPENAI_BASE_URL'],
      ['top_p', 0.5, 'my.yml:4:10'],
      ['max_tokens', 9, '--max-tokens'],
      ['api_key', 'sk-2', '--api-key'],
      ['port', 18_888, 'default'],
    ];
    for (const [key, entry, source] of expected) {
      expect((value as unknown as Record<string, unknown>)[key], key).toBe(entry);
      expect(sources.get(key), key).toBe(source);
    }
    expect(value).not.toHaveProperty('temperature');
    expect(file).toBe('my.yml');
  });

  it('reach into mappings', async () => {
    const cwd = await folderWith({
      'p.yml': 'rate:\n  characters_per_minute: 100\n  providers:\n    ollama: {}\n',
    });
    const { value, sources } = loadProxyConfig({
      file: 'p.yml',
      cwd,
      env: {},
      flags: { 'rate.messages_per_minute': 6 },
    });
    expect(value.rate).toEqual({
      messages_per_minute: 6,
      characters_per_minute: 100,
      providers: { ollama: { messages_per_minute: 0, characters_per_minute: 0 } },
    });
    expect(sources.get('rate.messages_per_minute')).toBe('--rate');
    expect(sources.get('rate.characters_per_minute')).toBe('p.yml:2:26');
    expect(sources.get('rate.providers.ollama.messages_per_minute')).toBe('default');
  });

  it('ignore a variable that is empty', async () => {
    const cwd = await folderWith({ 'my.yml': 'service: ollama\nbase_url: http://file\n' });
    expect(load(cwd, { file: 'my.yml', env: { OLLAMA_HOST: '' } }).value).toMatchObject({
      base_url: 'http://file',
    });
  });

  it('take config/ of the working folder before that of the program', async () => {
    const cwd = await folderWith({ 'config/ollama.yml': 'model: mine\n' });
    expect(load(cwd, { service: 'ollama' }).value).toMatchObject({ service: 'ollama', model: 'mine' });
    const { value, file } = load(cwd, { service: 'lmstudio' });
    expect(value.service).toBe('lmstudio');
    expect(file).toBe(path.join(packageRoot, 'config', 'lmstudio.yml'));
  });

  it('need nothing of a file', async () => {
    const cwd = await folderWith({ 'empty.yml': '', 'comment.yml': '# nothing\n', 'null.yml': '~\n' });
    for (const file of ['empty.yml', 'comment.yml', 'null.yml']) {
      expect(loadProxyConfig({ file, cwd, env: {}, flags: {} }).value.port_a).toBe(18_888);
    }
  });
});

describe('the service', () => {
  it('is named by the file alone, in it or by what it is called', async () => {
    const cwd = await folderWith({ 'my.yml': 'service: parry\n', 'ollama.yml': 'model: mine\n' });
    expect(load(cwd, { file: 'ollama.yml' }).value).toMatchObject({ service: 'ollama', model: 'mine' });
    expect(load(cwd, { file: 'my.yml' }).value.service).toBe('parry');
    expect(load(cwd, { file: 'my.yml', service: 'parry' }).value.service).toBe('parry');
  });

  const names = 'openai, anthropic, ollama, lmstudio, eliza, parry, scripted, command, pipeline';
  it.each<[string, string, ServiceName | undefined, string]>([
    [
      'is named nowhere',
      'model: x',
      undefined,
      `my.yml:1:1 names no service; add "service: ${names.replaceAll(', ', '|')}"`,
    ],
    [
      'is not the one of -s',
      'model: x\nservice: ollama',
      'openai',
      'my.yml:2:10 is for ollama, but -s says openai; leave one of them out',
    ],
    [
      'is misspelt',
      'service: opena1',
      undefined,
      `my.yml:1:10 service must be one of ${names}, not "opena1", did you mean "openai"?`,
    ],
    ['is a number', 'service: 7', undefined, `my.yml:1:10 service must be one of ${names}, not 7`],
  ])('that %s is a mistake', async (_, yaml, service, message) => {
    const cwd = await folderWith({ 'my.yml': yaml });
    expect(() => load(cwd, { file: 'my.yml', service })).toThrow(new ConfigError([split(message)]));
  });
});

describe('mistakes in a file', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'a misspelt key',
      'service: openai\n\ntemprature: 1',
      ['my.yml:3:1 unknown key "temprature", did you mean "temperature"?'],
    ],
    ['a key like no other', 'service: openai\nflavour: x', ['my.yml:2:1 unknown key "flavour"']],
    ['a key of another service', 'service: openai\nnum_ctx: 5', ['my.yml:2:1 unknown key "num_ctx"']],
    [
      'a misspelt key in a mapping in a mapping',
      'rate:\n  providers:\n    openai:\n      mesages_per_minute: 1',
      ['my.yml:4:7 unknown key "mesages_per_minute", did you mean "messages_per_minute"?'],
    ],
    [
      'several, in the order of the file',
      'service: openai\nport: 70000\nmodel: ""\nmodle: x\nbase_url: nowhere\nstop: END\nseed: 1.5\nmax_tokens: 0\n' +
        'temperature: hot\ntop_p: true\nhost: [1]',
      [
        'my.yml:2:7 port must be at most 65535, not 70000',
        'my.yml:3:8 model must not be empty',
        'my.yml:4:1 unknown key "modle", did you mean "model"?',
        'my.yml:5:11 base_url must be a URL such as https://host/v1, not "nowhere"',
        'my.yml:6:7 stop must be a list, not "END"',
        'my.yml:7:7 seed must be a whole number, not 1.5',
        'my.yml:8:13 max_tokens must be at least 1, not 0',
        'my.yml:9:14 temperature must be a number, not "hot"',
        'my.yml:10:8 top_p must be a number, not true',
        'my.yml:11:7 host must be a string, not [1]',
      ],
    ],
    [
      'a wrong entry of a list',
      'service: openai\nstop: [a, 2]',
      ['my.yml:2:11 stop.1 must be a string, not 2'],
    ],
    ['a wrong choice', 'first: c', ['my.yml:1:8 first must be one of random, a, b, not "c"']],
    ['a text for a switch', 'transcript: "no"', ['my.yml:1:13 transcript must be true or false, not "no"']],
    ['a value for a mapping', 'rate: 6', ['my.yml:1:7 rate must be a mapping, not 6']],
    [
      'a list for a mapping',
      'rate:\n  providers: [x]',
      ['my.yml:2:14 rate.providers must be a mapping, not ["x"]'],
    ],
    ['nothing for a value', 'port_a:', ['my.yml:1:8 port_a must be a number, not null']],
    [
      'what is neither of two kinds',
      'service: ollama\nkeep_alive: true',
      ['my.yml:2:13 keep_alive must be a string or a number, not true'],
    ],
    ['an empty command', 'service: command\ncommand: ""', ['my.yml:2:10 command must not be empty']],
    ['a command without words', 'service: command\ncommand: []', ['my.yml:2:10 command must not be empty']],
    [
      'a number in a command',
      'service: command\ncommand: [head, 1]',
      ['my.yml:2:10 command must be a string or a list of strings, not ["head",1]'],
    ],
    [
      'what the Anthropic API does not take',
      'service: anthropic\ntemperature: 1\ntop_k: 5',
      [
        'my.yml:2:1 temperature is not taken by the Anthropic API any more; delete the key',
        'my.yml:3:1 top_k is not taken by the Anthropic API any more; delete the key',
      ],
    ],
    [
      'a key that stands there twice, beside others',
      'port_a: 1\nport_a: 2\nport_b: -1',
      ['my.yml:2:1 key "port_a" stands here twice', 'my.yml:3:9 port_b must be at least 0, not -1'],
    ],
    ['no mapping', '- one', ['my.yml:1:1 must be a mapping of keys to values']],
    ['a text alone', 'hello', ['my.yml:1:1 must be a mapping of keys to values']],
    ['a bad tab', 'rate:\n\tx: 1', ['my.yml:2:1 Tabs are not allowed as indentation']],
    [
      'a list that never ends',
      'service: openai\nstop: [a',
      ['my.yml:2:9 Flow sequence in block collection must be'],
    ],
    [
      'aliases of nothing',
      'a: &first 1\nhost: *sk-nobody\nb: *first\nc: *later\nd: &later 1',
      [
        'my.yml:2:7 is an alias without an anchor before it; put a text that begins with * in quotation marks',
        'my.yml:4:4 is an alias without an anchor before it; put a text that begins with * in quotation marks',
      ],
    ],
    [
      'an alias inside of what it stands for',
      'service: openai\nstop: &x [a, *x]',
      ['my.yml:2:14 is an alias without an anchor before it'],
    ],
    ['a second document', 'port_a: 1\n---\nport_a: 2', ['my.yml:2:1 begins a second document']],
    ['lists in lists in lists', `hello: ${'['.repeat(20_000)}`, ['my.yml:1:']],
    [
      'an address that is none, or of another protocol',
      'service: openai\nbase_url: localhost:8000/v1',
      ['my.yml:2:11 base_url must be a URL such as https://host/v1, not "localhost:8000/v1"'],
    ],
    [
      'a wait that no timer can keep',
      'service: openai\nidle_seconds: 2147484\ntimeout_seconds: .inf',
      [
        'my.yml:2:15 idle_seconds must be at most 2147483, not 2147484',
        'my.yml:3:18 timeout_seconds must be a number',
      ],
    ],
    [
      'a rule that is no rule',
      "execution:\n  block:\n    - pattern: '('\n      why: no\n    - pattern: 'x*'\n      why: no\n      unless: '[a'\n    - pattern: '(?i)fine'\n      wy: typo",
      [
        'my.yml:3:16 execution.block.0.pattern is not a regular expression: Unterminated group',
        'my.yml:5:16 execution.block.1.pattern must not match the empty text, which is everywhere',
        'my.yml:7:15 execution.block.1.unless is not a regular expression: Unterminated character class',
        'my.yml:8:7 execution.block.2.why is missing',
        'my.yml:9:7 unknown key "wy"',
      ],
    ],
    [
      'a sidecar that is nowhere',
      'execution:\n  sidecar: localhost\n  tier: none',
      ['my.yml:2:12 execution.sidecar must be HOST:PORT', 'my.yml:3:9 execution.tier must be one of'],
    ],
    [
      'an escape sequence',
      '"\\e[31mx": 1\nfirst: "\\e[2J\\x9b"',
      [
        'my.yml:1:1 unknown key "\\u001b[31mx"',
        'my.yml:2:8 first must be one of random, a, b, not "\\u001b[2J\ufffd"',
      ],
    ],
    [
      'a value that is long',
      `first: ${'x'.repeat(3_000)}`,
      [`my.yml:1:8 first must be one of random, a, b, not "${'x'.repeat(79)}…`],
    ],
  ])('such as %s are reported with their place', async (_, yaml, problems) => {
    const cwd = await folderWith({ 'my.yml': yaml });
    const found = checkConfigFile('my.yml', cwd).map(({ where, message }) => `${where} ${message}`);
    expect(found).toHaveLength(problems.length);
    // YAML's own sentences may go on.
    for (const [index, problem] of problems.entries())
      expect(found[index]?.slice(0, problem.length)).toBe(problem);
  });

  it('that grow without end are stopped', async () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level++) {
      const [name, above] = [String.fromCharCode(97 + level), String.fromCharCode(96 + level)];
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${above}`).join(', ')}]`);
    }
    const cwd = await folderWith({ 'my.yml': bomb.join('\n') });
    expect(checkConfigFile('my.yml', cwd)).toEqual([
      { where: 'my.yml:1:1', message: 'Excessive alias count indicates a resource exhaustion attack' },
    ]);
  });

  it('such as keys of every object are unknown keys like others', async () => {
    const cwd = await folderWith({ 'my.yml': '__proto__: { port_a: 5 }\nconstructor: 1\n' });
    expect(checkConfigFile('my.yml', cwd).map(({ message }) => message)).toContain(
      'unknown key "constructor"',
    );
    expect(({} as Record<string, unknown>)['port_a']).toBeUndefined();
  });

  it('are those of the proxy where no service is named, in a file that is not called like one', async () => {
    const files = { 'relay.yml': 'port_a: 5\n', 'openai.yml': 'port_a: 5\n', 'eliza.yml': '' };
    const cwd = await folderWith(files);
    expect(checkConfigFile('relay.yml', cwd)).toEqual([]);
    expect(checkConfigFile('openai.yml', cwd)[0]?.message).toMatch(/^unknown key "port_a"/);
    expect(checkConfigFile('eliza.yml', cwd)).toEqual([]);
  });

  it('that are no text are told with its name', async () => {
    const cwd = await folderWith({ 'my.yml': Buffer.from('hello: \xff', 'latin1') });
    expect(checkConfigFile('my.yml', cwd)).toEqual([
      { where: 'my.yml', message: 'is not UTF-8; save it as UTF-8' },
    ]);
  });

  it('that is not there, or is a folder, are told with its name', async () => {
    const cwd = await folderWith({ 'folder.yml/x': '' });
    expect(checkConfigFile('gone.yml', cwd)).toEqual([{ where: 'gone.yml', message: 'does not exist' }]);
    expect(checkConfigFile('folder.yml', cwd)).toEqual([
      { where: 'folder.yml', message: 'cannot be read (EISDIR)' },
    ]);
  });
});

describe('mistakes elsewhere', () => {
  it('are told with the variable or the flag, after those of the file', async () => {
    const cwd = await folderWith({ 'my.yml': 'service: openai\nseed: x\n' });
    const call = (): unknown =>
      load(cwd, {
        file: 'my.yml',
        env: { OPENAI_BASE_URL: 'nowhere' },
        flags: { temperature: 9, script: 'x.yml' },
      });
    expect(call).toThrow(
      [
        'my.yml:2:7 seed must be a number, not "x"',
        'OPENAI_BASE_URL must be a URL such as https://host/v1, not "nowhere"',
        '--temperature must be at most 2, not 9',
        '--script unknown key "script"',
      ].join('\n'),
    );
  });

  it('are no less mistakes where the proxy is started', async () => {
    const cwd = await folderWith({});
    expect(() =>
      loadProxyConfig({ cwd, env: {}, flags: { port_a: 99_999, 'rate.messages_per_minute': -1 } }),
    ).toThrow('--port-a must be at most 65535, not 99999\n--rate must be at least 0, not -1');
  });
});

describe('secrets', () => {
  it.each([
    [
      'a key that is a list',
      'service: openai\napi_key: [sk-very-secret]',
      'my.yml:2:10 api_key must be a string',
    ],
    [
      'an address with a password',
      'service: openai\nbase_url: "http://maud:s3cret@ho st/v1"',
      'my.yml:2:11 base_url must be a URL such as https://host/v1',
    ],
    ['a token that is a number', 'token: 5318008', 'my.yml:1:8 token must be a string'],
  ])('stay out of the message about %s', async (_, yaml, message) => {
    const cwd = await folderWith({ 'my.yml': yaml });
    expect(checkConfigFile('my.yml', cwd)).toEqual([split(message)]);
  });
});

describe('.env', () => {
  it('lies below the real environment, where an empty variable is none', async () => {
    const cwd = await folderWith({
      '.env': '# keys\nOPENAI_API_KEY="from file"\nOLLAMA_HOST=file\nexport LMSTUDIO_API_KEY=x\n',
    });
    expect(readEnvironment(cwd, { OPENAI_API_KEY: 'real', OLLAMA_HOST: '', PATH: '/bin' })).toEqual({
      OPENAI_API_KEY: 'real',
      OLLAMA_HOST: 'file',
      LMSTUDIO_API_KEY: 'x',
      PATH: '/bin',
    });
  });

  it('need not be there, but must be readable', async () => {
    const env = { PATH: '/bin' };
    expect(readEnvironment(await folderWith({}), env)).toBe(env);
    const cwd = await folderWith({ '.env/x': '' });
    expect(() => readEnvironment(cwd, env)).toThrow('.env cannot be read (EISDIR)');
  });
});

function load(
  cwd: string,
  sources: {
    readonly file?: string;
    readonly service?: ServiceName | undefined;
    readonly env?: NodeJS.ProcessEnv;
    readonly flags?: Record<string, unknown>;
  },
): LoadedConfig<ServiceConfig> {
  return loadServiceConfig({ cwd, env: {}, flags: {}, ...sources });
}

async function folderWith(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return folder;
}

function split(problem: string): { where: string; message: string } {
  const [where = '', ...words] = problem.split(' ');
  return { where, message: words.join(' ') };
}
