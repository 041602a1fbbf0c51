import { effect } from '@preact/signals';
import { toPlainSpeech } from '../../../speech/plain-speech.ts';
import { castVoices } from '../../../speech/voices.ts';
import type { Participant, Seat } from '../../../wire/types.ts';
import type { ConversationModel, TurnEntry } from '../conversation/conversation-model.ts';
import { chooseVoices, type Sound as SoundOf } from './browser-voices.ts';
import { utterancesOf } from './utterances.ts';

type Sound = SoundOf<SpeechSynthesisVoice>;

/** A longer turn is cut there, as `colloquy speak` does. */
const mostCharacters = 6_000;
/** Some browsers know their voices only a moment later. */
const voicesMs = 1_500;
/** Below the bar at the top, in pixels. */
const topPixels = 80;

/** Reads a conversation aloud, turn by turn, and goes on with those that come. */
export class Reader {
  readonly #sounds: { readonly [seat in Seat]: Sound };
  readonly #model: ConversationModel;
  readonly #stopLooking: () => void;
  readonly #onEnd: () => void;
  #next: number;
  #isSpeaking = false;
  #isStopped = false;

  /** Rejects with a sentence where the browser cannot speak. `onEnd` is called when it is over and all is read. */
  static async start(
    model: ConversationModel,
    seats: { readonly [seat in Seat]: Participant },
    onEnd: () => void,
  ): Promise<Reader> {
    if (!('speechSynthesis' in window)) throw new Error('This browser cannot speak.');
    const voices = await findVoices();
    if (voices.length === 0)
      throw new Error('This browser has no voices. On Linux, speech-dispatcher brings some.');
    const casting = castVoices(seats, { names: {}, lang: navigator.language || 'en' });
    return new Reader(model, chooseVoices(casting, voices), onEnd);
  }

  private constructor(
    model: ConversationModel,
    sounds: { readonly [seat in Seat]: Sound },
    onEnd: () => void,
  ) {
    this.#model = model;
    this.#sounds = sounds;
    this.#onEnd = onEnd;
    this.#next = firstTurnOnScreen();
    window.speechSynthesis.cancel();
    this.#stopLooking = effect(() => {
      if (model.items.value.length > 0) this.#goOn();
    });
  }

  /** At once. */
  stop(): void {
    this.#isStopped = true;
    this.#stopLooking();
    window.speechSynthesis.cancel();
    mark(undefined);
  }

  #goOn(): void {
    if (this.#isSpeaking || this.#isStopped) return;
    const items = this.#model.items.peek();
    const found = items.find((item) => item.type === 'turn' && item.entry.turn >= this.#next);
    if (found?.type === 'turn') return void this.#read(found.entry);
    mark(undefined);
    if (this.#model.hasStopped) this.#onEnd();
  }

  async #read(turn: TurnEntry): Promise<void> {
    this.#isSpeaking = true;
    this.#next = turn.turn + 1;
    const sound = this.#sounds[turn.seat];
    // A turn that has just come is not yet on the page.
    await new Promise((resolve) => setTimeout(resolve));
    if (this.#isStopped) return;
    mark(turn.turn);
    const text = toPlainSpeech(turn.text, {
      lang: sound.lang,
      code: 'announce',
      maxCharacters: mostCharacters,
    });
    for (const words of utterancesOf(text)) {
      if (this.#isStopped) return;
      await say(words, sound);
    }
    this.#isSpeaking = false;
    this.#goOn();
  }
}

function say(words: string, { voice, lang, pitch }: Sound): Promise<void> {
  return new Promise((resolve) => {
    const utterance = new SpeechSynthesisUtterance(words);
    if (voice) utterance.voice = voice;
    utterance.lang = voice?.lang ?? lang;
    utterance.pitch = pitch;
    utterance.onend = utterance.onerror = () => resolve();
    window.speechSynthesis.speak(utterance);
  });
}

async function findVoices(): Promise<readonly SpeechSynthesisVoice[]> {
  const speech = window.speechSynthesis;
  if (speech.getVoices().length > 0) return speech.getVoices();
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, voicesMs);
    speech.addEventListener(
      'voiceschanged',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
  return speech.getVoices();
}

function firstTurnOnScreen(): number {
  const turns = [...document.querySelectorAll<HTMLElement>('.turn[id]')];
  const first = turns.find((turn) => turn.getBoundingClientRect().bottom > topPixels);
  return Number(first?.id.slice('turn-'.length) ?? 1);
}

/** Shows which turn is read. */
function mark(turn: number | undefined): void {
  for (const element of document.querySelectorAll('.turn.reading')) element.classList.remove('reading');
  if (turn === undefined) return;
  const element = document.getElementById(`turn-${turn}`);
  element?.classList.add('reading');
  element?.scrollIntoView({ block: 'nearest' });
}
