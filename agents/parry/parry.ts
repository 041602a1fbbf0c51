import { pick } from '../random.ts';
import { Affects, type Levels } from './affects.ts';
import { Deck } from './deck.ts';
import { hearCues, type Heard, type HeardCue } from './hear-cues.ts';
import { hasGap, type Mood, type ParryScript } from './script.ts';

/** Replies that are not said again for a while, whatever happens. */
const longMemory = 60;
/** Messages of the other that are recognized when they come again. */
const knownMessages = 200;
/** Words; nobody says so much without an intention. */
const lectureWords = 150;
/** How often he goes on with his story although nobody asked, or after he has only just told a piece. */
const talkativeness = 0.4;

/**
 * A suspicious man, after the idea of K. M. Colby's PARRY (1971): three affects rise and fall with what he
 * hears and choose among his replies. The same messages always get the same answers, given the same `random`.
 */
export class Parry {
  readonly #script: ParryScript;
  readonly #random: () => number;
  readonly #affects: Affects;
  readonly #decks = new Map<readonly string[], Deck>();
  readonly #recent: string[] = [];
  readonly #known: string[] = [];
  readonly #oddWords = new Set<string>();
  /** Pieces of the story. */
  #told = 0;
  #hasJustTold = false;

  constructor(script: ParryScript, random: () => number) {
    this.#script = script;
    this.#random = random;
    this.#affects = new Affects(script.affects);
  }

  get levels(): Levels {
    return this.#affects.levels;
  }

  open(): string {
    return this.#say(pick(this.#script.greetings, this.#random) ?? '');
  }

  takeLeave(): string {
    return this.#say(pick(this.#script.goodbyes, this.#random) ?? '');
  }

  answer(message: string): string {
    const heard = hearCues(message, this.#script);
    const cues = [...this.#silentCues(heard), ...heard.cues];
    this.#affects.calmDown();
    for (const { cue } of cues) this.#affects.change(cue.changes);
    return this.#say(this.#choose(cues, heard.oddWord));
  }

  /** Notes what was said in his name. */
  remember(reply: string): void {
    this.#say(reply);
    for (const deck of this.#decks.values()) deck.drop(reply);
    const piece = this.#script.story.pieces.indexOf(reply);
    if (piece >= 0) this.#told = Math.max(this.#told, piece + 1);
  }

  #silentCues({ gist, wordCount }: Heard): HeardCue[] {
    const isKnown = wordCount > 0 && this.#known.includes(gist);
    this.#known.push(gist);
    if (this.#known.length > knownMessages) this.#known.shift();
    const noticed = { again: isKnown, silence: wordCount === 0, lecture: wordCount > lectureWords };
    return this.#script.cues
      .filter(({ name }) => name in noticed && noticed[name as keyof typeof noticed])
      .map((cue) => ({ cue }));
  }

  #choose(cues: readonly HeardCue[], oddWord: string | undefined): string {
    const mood = this.#mood();
    for (const source of this.#sources(mood, cues)) {
      const reply = source(oddWord);
      if (reply !== undefined) return reply;
    }
    // Every deck has just been emptied, or all of it was said a moment ago.
    const whole = mood.replies.filter((reply) => !hasGap(reply));
    return this.#draw(mood.replies, {}) ?? pick(whole, this.#random) ?? '';
  }

  #mood(): Mood {
    const mood = this.#script.moods.find(({ above }) => this.#affects.reach(above));
    return mood ?? (this.#script.moods.at(-1) as Mood);
  }

  /** Where a reply may come from, the best place first. */
  *#sources(mood: Mood, cues: readonly HeardCue[]): Generator<(oddWord?: string) => string | undefined> {
    const isInvited = cues[0]?.cue.invited ?? true;
    const isInclined = (cues.length > 0 && !this.#hasJustTold) || this.#random() < talkativeness;
    this.#hasJustTold = false;
    if (!mood.overrules && isInvited && isInclined) yield () => this.#goOnWithStory();
    if (this.#random() < mood.insists) yield (oddWord) => this.#draw(mood.replies, { oddWord });
    for (const { cue, it } of cues) {
      const replies = cue.replies.get(mood.name) ?? (mood.overrules ? undefined : cue.replies.get('any'));
      if (replies) yield (oddWord) => this.#draw(replies, { it, oddWord });
    }
    yield (oddWord) => this.#draw(mood.replies, { oddWord });
    if (!mood.overrules) yield () => this.#goOnWithStory();
    // The moods are in order of their heat: the next is always a little cooler.
    for (const other of this.#script.moods.slice(this.#script.moods.indexOf(mood) + 1)) {
      yield (oddWord) => this.#draw(other.replies, { oddWord });
    }
  }

  #goOnWithStory(): string | undefined {
    const { pieces, below, changes } = this.#script.story;
    const piece = pieces[this.#told];
    if (piece === undefined || !this.#affects.stayBelow(below)) return undefined;
    this.#told++;
    this.#hasJustTold = true;
    this.#affects.change(changes);
    return piece;
  }

  #draw(replies: readonly string[], words: { it?: string | undefined; oddWord?: string | undefined }) {
    let deck = this.#decks.get(replies);
    if (!deck) this.#decks.set(replies, (deck = new Deck(replies, this.#random)));
    return deck.draw((reply) => this.#finish(reply, words));
  }

  /** Puts in what was heard; `undefined` if that is missing or if he has just said the same. */
  #finish(reply: string, { it, oddWord }: { it?: string | undefined; oddWord?: string | undefined }) {
    let text = reply;
    if (text.includes('{it}')) {
      if (it === undefined) return undefined;
      text = text.replaceAll('{it}', () => it);
    }
    if (text.includes('{word}')) {
      if (oddWord === undefined || this.#oddWords.has(oddWord)) return undefined;
      this.#oddWords.add(oddWord);
      text = text.replaceAll('{word}', () => oddWord);
    }
    text = text.replace(/^\P{L}*\p{Ll}/u, (start) => start.toUpperCase());
    return this.#recent.includes(text) ? undefined : text;
  }

  #say(reply: string): string {
    this.#recent.push(reply);
    if (this.#recent.length > longMemory) this.#recent.shift();
    return reply;
  }
}
