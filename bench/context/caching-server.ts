import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenCounter } from '../../agents/context/count-tokens.ts';
import type { ChatMessage } from '../../agents/provider.ts';
import type { Usage } from '../../wire/types.ts';

/** A loopback server of OpenAI's API that keeps the beginnings of prompts, and says how much it found there. */
export interface CachingServer {
  readonly baseUrl: string;
  /** What it has billed, request by request. */
  readonly billed: readonly Usage[];
  readonly close: () => void;
}

/** A prompt is kept from so many tokens on, in steps. Source: https://platform.openai.com/docs/guides/prompt-caching */
const leastCachedTokens = 1_024;
const stepTokens = 128;

/** `write` makes up the answer to the n-th request, from 0. */
export async function startCachingServer(
  counter: TokenCounter,
  write: (index: number) => string,
): Promise<CachingServer> {
  const billed: Usage[] = [];
  const kept: string[][] = [];
  const counts = new Map<string, number>();
  const count = (text: string): number => {
    const tokens = counts.get(text) ?? counter.text(text) + 4;
    counts.set(text, tokens);
    return tokens;
  };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { messages } = JSON.parse(body) as { messages: ChatMessage[] };
      const prompt = messages.map(({ role, content }) => `${role}: ${content}`);
      const text = write(billed.length);
      const cached = roundDown(Math.max(0, ...kept.map((other) => commonTokens(prompt, other, count))));
      const input = prompt.reduce((sum, part) => sum + count(part), 0);
      kept.push(prompt);
      const usage = { input, output: count(text), cached };
      billed.push(usage);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`${chunk(text)}${chunk(undefined, usage)}data: [DONE]\n\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    billed,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The tokens of the messages with which both begin. */
function commonTokens(
  prompt: readonly string[],
  other: readonly string[],
  count: (text: string) => number,
): number {
  let tokens = 0;
  for (const [index, part] of prompt.entries()) {
    if (part !== other[index]) break;
    tokens += count(part);
  }
  return tokens;
}

function roundDown(tokens: number): number {
  return tokens < leastCachedTokens ? 0 : tokens - (tokens % stepTokens);
}

function chunk(content: string | undefined, usage?: Usage): string {
  const choices =
    content === undefined ? [] : [{ index: 0, delta: { role: 'assistant', content }, finish_reason: 'stop' }];
  const counts = usage && {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached },
  };
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: 'bench' };
  return `data: ${JSON.stringify({ ...head, choices, ...(counts ? { usage: counts } : {}) })}\n\n`;
}
