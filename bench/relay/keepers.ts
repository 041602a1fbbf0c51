import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sitDown } from './bounce.ts';
import { connectTo, freePort, requireProgram, startServer, type Server } from './processes.ts';
import { startProxy } from './proxy.ts';
import { countByte, readUntil, type Keeper } from './stream.ts';

/** A server that keeps messages in files, started afresh in a folder of its own. */
export interface Contestant {
  readonly name: string;
  readonly start: (folder: string, core: number) => Promise<RunningKeeper>;
}

interface RunningKeeper {
  readonly server: Server;
  readonly keeper: Keeper;
  /** How many messages the server itself says, or its file, that it holds. */
  readonly count: () => Promise<number>;
}

/** 64 bytes with what ends a line here, as in relaybench. */
const payload = 'x'.repeat(63);
const [lineFeed, dollar, brace] = [0x0a, 0x24, 0x7b];

/** A sends, B receives; B is sent nothing that the journal does not hold. */
export const colloquy: Contestant = {
  name: 'colloquy',
  start: async (folder, core) => {
    const server = await startProxy({ folder, core });
    const { a: out, b: back } = await sitDown(server.ports, 'kept');
    const keeper = {
      ...{ out: out.resume(), back, messages: Buffer.from(`${payload}\n`), together: 1 },
      countKept: (piece: Buffer) => countByte(piece, lineFeed),
    };
    return { server, keeper, count: async () => countTurns(server.transcripts) };
  },
};

function countTurns(transcripts: string): number {
  const journal = readFileSync(path.join(transcripts, 'kept', 'journal.jsonl'));
  const type = '"type":"turn"';
  let count = 0;
  for (let at = journal.indexOf(type); at >= 0; at = journal.indexOf(type, at + type.length)) count++;
  return count;
}

/**
 * Published without waiting. An acknowledgement tells the number of its message in the stream, so one for
 * the last of several covers those before it.
 */
function jetStream(name: string, together: number): Contestant {
  return { name, start: (folder, core) => startJetStream(folder, core, together) };
}

export const jetStreams = [
  jetStream('NATS JetStream', 1),
  jetStream('NATS JetStream, one of 32 acknowledged', 32),
] as const;

async function startJetStream(folder: string, core: number, together: number): Promise<RunningKeeper> {
  const port = await freePort();
  const program = requireProgram('nats-server', 'nats-server');
  const server = startServer([program, '-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder], {
    core,
  });
  const socket = await connectTo(port);
  const inbox = 'answer';
  socket.write(`CONNECT {"verbose":false,"pedantic":false}\r\nSUB ${inbox} 1\r\nPING\r\n`);
  await readUntil(socket, /PONG\r\n/);
  const ask = async (subject: string, request: object): Promise<string> => {
    const body = JSON.stringify(request);
    socket.write(`PUB ${subject} ${inbox} ${body.length}\r\n${body}\r\n`);
    const answer = await readUntil(socket, /\}\r\n/);
    if (answer.includes('"error"')) throw new Error(`nats-server: ${answer}`);
    return answer;
  };
  await ask('$JS.API.STREAM.CREATE.KEPT', { name: 'KEPT', subjects: ['kept'], storage: 'file' });
  // As long as the line of the relay, its ending counted.
  const body = `${payload.length + 1}\r\n${payload}x\r\n`;
  const messages = Buffer.from(`PUB kept ${body}`.repeat(together - 1) + `PUB kept ${inbox} ${body}`);
  const countKept = (piece: Buffer): number => {
    if (piece.includes('"error"')) {
      throw new Error(`nats-server refused: ${piece.toString('latin1', 0, 300)}`);
    }
    return countByte(piece, brace) * together;
  };
  const count = async (): Promise<number> =>
    Number(/"messages":(\d+)/.exec(await ask('$JS.API.STREAM.INFO.KEPT', {}))?.[1]);
  return { server, keeper: { out: socket, back: socket, messages, together, countKept }, count };
}

/** XADD in pipelines, each answered with the entry's id; the file is written at each turn of the server's loop. */
export const redisStreams: Contestant = {
  name: 'Redis Streams',
  start: async (folder, core) => {
    const port = await freePort();
    const settings = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''];
    const server = startServer(
      [
        ...[requireProgram('redis-server', 'redis-server'), '--port', String(port), '--bind', '127.0.0.1'],
        ...['--dir', folder, '--auto-aof-rewrite-percentage', '0', ...settings],
      ],
      { core },
    );
    const socket = await connectTo(port);
    const messages = Buffer.from(command(['XADD', 'kept', '*', 'm', `${payload}x`]));
    const countKept = (piece: Buffer): number => {
      if (piece.includes('-ERR'))
        throw new Error(`redis-server refused: ${piece.toString('latin1', 0, 300)}`);
      return countByte(piece, dollar);
    };
    const count = async (): Promise<number> => {
      socket.write(command(['XLEN', 'kept']));
      return Number(/:(\d+)\r\n/.exec(await readUntil(socket, /:\d+\r\n/))?.[1]);
    };
    return { server, keeper: { out: socket, back: socket, messages, together: 1, countKept }, count };
  },
};

/** Source: the Redis serialization protocol, https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function command(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}
