/** What a message of the partner asks for: a word of the relay, or an answer to its text. */
interface Hearing {
  readonly type: 'start' | 'bye' | 'help' | 'text';
  readonly text: string;
}

/** The word that opens a conversation stands first, goodbyes and cries for help stand last. */
export function hear(message: string): Hearing {
  const lines = withoutNotes(message).trim().split('\n');
  const first = lines[0]?.trim();
  const last = lines.at(-1)?.trim();
  const text = lines
    .filter((line) => !/^\/(?:start|bye|help)\s*$/.test(line))
    .join('\n')
    .trim();
  if (last === '/bye') return { type: 'bye', text };
  if (last === '/help') return { type: 'help', text };
  if (first === '/start') return { type: 'start', text };
  return { type: 'text', text };
}

/** Notes are to be known and not answered, and these machines can do nothing with them. */
function withoutNotes(message: string): string {
  return message
    .split(/\n\s*\n/)
    .filter((paragraph) => !/^\s*\[note\]/.test(paragraph))
    .join('\n\n');
}
