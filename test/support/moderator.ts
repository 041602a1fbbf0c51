import net from 'node:net';
import path from 'node:path';
import { readControlFile } from '../../proxy/control-file.ts';
import type { ControlReply } from '../../proxy/control-request.ts';
import { RawClient, type TestRelay } from './relay.ts';

/** Asks the control server of a meeting, as `colloquy control` does. */
export async function moderate(
  { transcripts }: Pick<TestRelay, 'transcripts'>,
  meeting: string,
  request: object,
): Promise<ControlReply> {
  const { client } = await openControl(transcripts, meeting, request);
  const line = await client.until('\n');
  client.socket.destroy();
  return JSON.parse(line) as ControlReply;
}

/** A connection that has asked already. */
export async function openControl(
  transcripts: string,
  meeting: string,
  request: object,
): Promise<{ readonly client: RawClient }> {
  const file = readControlFile(path.join(transcripts, meeting));
  if (!file) throw new Error(`${meeting} has no control.json`);
  const client = await RawClient.connect(file.port);
  client.send(JSON.stringify({ meeting, token: file.token, request }) + '\n');
  return { client };
}

/** What a port answers to some bytes, until it closes. */
export async function answerTo(port: number, bytes: string): Promise<string> {
  const socket = net.connect({ host: '127.0.0.1', port });
  let answer = '';
  socket.on('data', (data) => (answer += String(data)));
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}
