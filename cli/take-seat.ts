import type { Seat } from '../wire/types.ts';
import { encodeControl, encodeSpoken, parseProxyFrame } from '../wire/message.ts';
import { ControlClient } from '../proxy/control-client.ts';
import { onInterrupt } from './interrupt.ts';
import { createPrompt } from './prompt.ts';
import { createSeatView } from './seat-view.ts';

/** What a person types instead of a turn, to leave the seat. */
const giveWord = '/give';

/**
 * A person speaks from a seat, in the place of its agent. Resolves when the seat is given back or the meeting
 * is over. Rejects with ColloquyError `refused` or `control-lost`.
 */
export async function takeSeat(folder: string, seat: Seat): Promise<void> {
  const client = await ControlClient.connect(folder);
  const prompt = createPrompt(process.stdin, process.stdout);
  const view = createSeatView(process.stdout);
  const left = new AbortController();
  const leave = (): void => left.abort();
  let sentence = 'The connection to the proxy is lost; the seat is given back.';
  try {
    await client.take(
      { action: 'take', seat },
      {
        onFrame(line) {
          const frame = parseProxyFrame(line);
          view.show(frame);
          if (frame.type === 'stop') {
            sentence =
              frame.reason === 'given-back'
                ? 'The seat is given back.'
                : `The meeting is over: ${frame.reason}`;
          }
          if (frame.type === 'error') sentence = frame.message;
          if (frame.type === 'stop' || frame.type === 'error') leave();
        },
        onLost: leave,
      },
    );
    view.say(`You speak in the place of seat ${seat}. ${giveWord}, Ctrl-C or Ctrl-D gives the seat back.`);
    onInterrupt({ polite: () => giveBack(client), atOnce: leave });
    prompt.onInterrupt(() => void (giveBack(client) || leave()));
    prompt.onEnd(() => void giveBack(client));
    for (;;) {
      const text = await prompt.ask(left.signal);
      if (text.trim() === giveWord) giveBack(client);
      else client.send(encodeSpoken(text));
    }
  } catch (error) {
    if (!left.signal.aborted) throw error;
    view.say(sentence);
  } finally {
    prompt.close();
    client.close();
  }
}

function giveBack(client: ControlClient): true {
  client.send(encodeControl('leave', 'gives the seat back'));
  return true;
}
