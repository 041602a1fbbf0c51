import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * What the attacks aim at: a secret in the environment, in files that anybody may read and in the memory
 * of a process, and servers that count who comes. All of it is as open as this machine allows, so that
 * nothing but the wall keeps code from it.
 */
export class Decoys {
  /** Never to be seen in an output. */
  readonly secret = `secret-${randomBytes(12).toString('hex')}`;
  /** Names what an attack leaves behind, so that it can be found. */
  readonly token = randomBytes(8).toString('hex');
  readonly variable = `COLLOQUY_PROBE_${this.token.toUpperCase()}`;
  readonly folder: string;
  tcpPort = 0;
  udpPort = 0;
  /** How often somebody came to one of the servers. */
  visits = 0;
  #process: ChildProcess | undefined;
  readonly #servers: { close(): unknown }[] = [];

  static async start(): Promise<Decoys> {
    const decoys = new Decoys(await mkdtemp(path.join(tmpdir(), 'colloquy-probes-')));
    await decoys.#fillFolder();
    process.env[decoys.variable] = decoys.secret;
    decoys.startProcess();
    await decoys.#listen();
    return decoys;
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  get secretFile(): string {
    return path.join(this.folder, 'secret.txt');
  }

  get secretModule(): string {
    return path.join(this.folder, 'secret.mjs');
  }

  /** Anybody may write here. */
  get openFolder(): string {
    return path.join(this.folder, 'open');
  }

  get socketPath(): string {
    return path.join(this.folder, 'socket');
  }

  /** Without the zero byte that makes it abstract. */
  get abstractName(): string {
    return `colloquy-probes-${this.token}`;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get isProcessAlive(): boolean {
    return (
      this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
    );
  }

  /** It has the secret in its environment, and by that in its memory. */
  startProcess(): void {
    this.#process?.kill('SIGKILL');
    this.#process = spawn('sleep', ['3600'], {
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', [this.variable]: this.secret },
      stdio: 'ignore',
    });
    this.#process.once('error', () => {});
    this.#process.unref();
  }

  /** Processes of this machine that were started with the token among their arguments. */
  processesWithToken(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((name) => {
        try {
          const [program = '', ...args] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
          return /sleep$/.test(program) && args.some((argument) => argument.includes(this.numberToken));
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  /** Of digits, to be a length of time for `sleep`. */
  get numberToken(): string {
    return String(BigInt(`0x${this.token}`)).slice(0, 15);
  }

  /** Whether something is there that no attack should have made. */
  wasWritten(name: string): boolean {
    return existsSync(path.join(this.openFolder, name));
  }

  async close(): Promise<void> {
    delete process.env[this.variable];
    this.#process?.kill('SIGKILL');
    for (const server of this.#servers) server.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #fillFolder(): Promise<void> {
    await chmod(this.folder, 0o755);
    await writeFile(this.secretFile, `${this.secret}\n`, { mode: 0o644 });
    await writeFile(this.secretModule, `export default ${JSON.stringify(this.secret)};\n`, { mode: 0o644 });
    await mkdir(this.openFolder);
    await chmod(this.openFolder, 0o777);
  }

  async #listen(): Promise<void> {
    const tcp = this.#count(net.createServer());
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    this.tcpPort = (tcp.address() as net.AddressInfo).port;
    const local = this.#count(net.createServer());
    local.listen(this.socketPath);
    await once(local, 'listening');
    await chmod(this.socketPath, 0o777);
    if (process.platform === 'linux') {
      const abstract = this.#count(net.createServer());
      abstract.listen(`\0${this.abstractName}`);
      await once(abstract, 'listening');
    }
    const udp = dgram.createSocket('udp4');
    udp.on('message', () => this.visits++);
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    this.udpPort = udp.address().port;
    udp.unref();
    this.#servers.push(udp);
  }

  #count(server: net.Server): net.Server {
    server.on('connection', (socket) => {
      this.visits++;
      socket.on('error', () => {});
      // Enough of an answer for whoever asks with HTTP.
      socket.end('HTTP/1.0 200 OK\r\nContent-Type: text/javascript\r\n\r\nexport default 1;\n');
    });
    server.unref();
    this.#servers.push(server);
    return server;
  }
}
