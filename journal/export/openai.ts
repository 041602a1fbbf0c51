import type { Seat } from '../../wire/types.ts';
import { createChatExporter } from './chat-lines.ts';
import type { Exporter } from './exporter.ts';

/**
 * Lines of `{"messages": […]}` for training chat models: one for each seat that said something, whose turns are
 * the `assistant`'s. Source: OpenAI, "Fine-tuning", chat format; the checks of the cookbook's
 * Chat_finetuning_data_prep.ipynb.
 */
export function createOpenAiExporter(seat: Seat | undefined): Exporter {
  return createChatExporter(seat, ({ system, messages }) => ({
    messages: [
      ...(system === '' ? [] : [{ role: 'system', content: system }]),
      ...messages.map(({ role, content, isByPerson }) =>
        // Words that the model did not choose are there to be read, and not to be learnt.
        role === 'assistant' && isByPerson ? { role, content, weight: 0 } : { role, content },
      ),
    ],
  }));
}
