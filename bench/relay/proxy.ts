import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot, programPath } from '../../config/paths.ts';
import { startServer, type Server } from './processes.ts';

export interface RunningProxy extends Server {
  readonly ports: { readonly a: number; readonly b: number };
  readonly transcripts: string;
}

export interface ProxyOptions {
  /** Of its own: the settings and the transcripts go there. */
  readonly folder: string;
  readonly core?: number;
  readonly args?: readonly string[];
  /** Lines of proxy.yml. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** Starts the built program on free ports, without a limit of messages. Rejects when it ends instead. */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { folder, core, args = [], settings = {} } = options;
  const transcripts = path.join(folder, 'transcripts');
  mkdirSync(transcripts, { recursive: true });
  const config = path.join(folder, 'proxy.yml');
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key}: ${value}\n`)
      .join(''),
  );
  const command = [
    ...[process.execPath, programPath, 'proxy', '--config', config, '-M', '0'],
    ...['--port-a', '0', '--port-b', '0', '--transcripts', transcripts, ...args],
  ];
  const server = startServer(command, core === undefined ? {} : { core });
  const ports = await new Promise<{ a: number; b: number }>((resolve, reject) => {
    let heard = '';
    const listen = (piece: Buffer): void => {
      heard += piece.toString();
      const [, a, b] = /port (\d+) for seat a and port (\d+) for seat b/.exec(heard) ?? [];
      if (a === undefined) return;
      server.stderr.off('data', listen).resume();
      resolve({ a: Number(a), b: Number(b) });
    };
    server.stderr.on('data', listen);
    server.ended.then(() => reject(new Error(`the proxy did not start: ${heard}`)), reject);
  });
  return { ...server, ports, transcripts };
}

/** Whether proxy.yml of this version has that key: an unknown one is an error. */
export function isSetting(key: string): boolean {
  const shipped = readFileSync(path.join(packageRoot, 'config', 'proxy.yml'), 'utf8');
  return new RegExp(`^(?:# )?${key}:`, 'm').test(shipped);
}
