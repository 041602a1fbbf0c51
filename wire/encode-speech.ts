import { encodeText, parseAgentFrame } from './message.ts';
import type { Speech } from './speech.ts';

/**
 * A frame of the framed dialect that a relay reads as exactly this text and this control token. Undefined
 * where there is none: a text that itself ends with a control token, of which only one is taken out.
 */
export function encodeSpeech({ text, control }: Speech): string | undefined {
  if (control === undefined) return readsAs(encodeText(text), { text });
  const token = `/${control}`;
  if (text === '') return readsAs(token, { text, control });
  // Behind the text, as people write it; before it where a code fence is still open at its end, and on a line of
  // its own where the text begins with that fence.
  return (
    readsAs(encodeText(`${text} ${token}`), { text, control }) ??
    readsAs(encodeText(`${token} ${text}`).slice(1), { text, control }) ??
    readsAs(encodeText(`${token}\n${text}`).slice(1), { text, control })
  );
}

function readsAs(line: string, speech: Speech): string | undefined {
  const read = parseAgentFrame(line);
  const isSame = read.type === 'speech' && read.text === speech.text && read.control === speech.control;
  return isSame ? line : undefined;
}
