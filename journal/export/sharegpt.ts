import type { Seat } from '../../wire/types.ts';
import { createChatExporter } from './chat-lines.ts';
import type { Exporter } from './exporter.ts';

const speakers = { user: 'human', assistant: 'gpt' } as const;

/**
 * Lines of `{"id", "conversations": [{"from", "value"}]}`, one for each seat that said something, whose turns are
 * `gpt`'s; its persona goes ahead as `system`. Source: LLaMA-Factory, data/README.md, "Sharegpt Format": `human` in
 * odd places and `gpt` in even ones, a `system` before them.
 */
export function createShareGptExporter(chosen: Seat | undefined): Exporter {
  return createChatExporter(chosen, ({ meeting, seat, system, messages }) => ({
    id: `${meeting}-${seat}`,
    conversations: [
      ...(system === '' ? [] : [{ from: 'system', value: system }]),
      ...messages.map(({ role, content }) => ({ from: speakers[role], value: content })),
    ],
  }));
}
