/**
 * The little that moves in a transcript: times in the reader's own zone, the bar's title once the page
 * is scrolled, and reading aloud. Plain JavaScript of today's browsers; its hash stands in the policy.
 *
 * Voices bear no gender in the Web Speech API, only names: some give it away, and where none does, two
 * speakers of one language still get two voices, one of them a little higher.
 * Source: https://webaudio.github.io/web-speech-api/#tts-section
 */
export const script = String.raw`
document.addEventListener('DOMContentLoaded', () => {
  'use strict';
  for (const time of document.querySelectorAll('time')) {
    const when = new Date(time.dateTime);
    const format = time.dataset.format === 'date' ? { dateStyle: 'long', timeStyle: 'short' } : { timeStyle: 'medium' };
    time.title = when.toISOString();
    time.textContent = new Intl.DateTimeFormat(undefined, format).format(when);
  }

  const title = document.querySelector('h1');
  if (title && 'IntersectionObserver' in window) {
    new IntersectionObserver(([entry]) => {
      document.body.classList.toggle('scrolled', !entry.isIntersecting);
    }).observe(title);
  }

  const button = document.querySelector('#read-aloud');
  if (!button || !('speechSynthesis' in window) || !('SpeechSynthesisUtterance' in window)) return;
  const speech = window.speechSynthesis;
  const women = /female|woman|frau|femme|mujer|samantha|victoria|zira|karen|moira|tessa|anna|amelie|monica|helena|hedda|katja|hortense|elsa|sabina|alice|susan|hazel|joana|melina|paulina|milena/i;
  const men = /\bmale|\bman\b|mann|homme|hombre|daniel|david|mark|george|alex|fred|thomas|stefan|jorge|diego|pablo|luca|cosimo|conrad|markus|paul|rishi|yuri|nikos|stefanos/i;
  const longestUtterance = 180;
  let reading = 0;

  const seatOf = (seat) => {
    const card = document.querySelector('.seat.' + seat);
    return { lang: card?.dataset.lang || '', gender: card?.dataset.gender || '' };
  };
  const speakers = { a: seatOf('a'), b: seatOf('b') };

  const voicesFor = ({ lang }) => {
    const wanted = (lang || navigator.language || 'en').toLowerCase().replace('_', '-');
    const voices = speech.getVoices();
    const tag = (voice) => voice.lang.toLowerCase().replace('_', '-');
    const exact = voices.filter((voice) => tag(voice) === wanted);
    const close = voices.filter((voice) => tag(voice).split('-')[0] === wanted.split('-')[0] && tag(voice) !== wanted);
    return [...exact, ...close];
  };
  const rank = (voice, gender) => {
    if (gender === 'f') return women.test(voice.name) ? 0 : men.test(voice.name) ? 2 : 1;
    if (gender === 'm') return men.test(voice.name) && !women.test(voice.name) ? 0 : women.test(voice.name) ? 2 : 1;
    return 1;
  };
  const choose = (speaker, taken) => {
    const voices = voicesFor(speaker).sort((one, other) => rank(one, speaker.gender) - rank(other, speaker.gender));
    return voices.find((voice) => voice !== taken && rank(voice, speaker.gender) < 2) || voices[0];
  };

  const sentencesOf = (turn) => {
    const words = turn.querySelector('.words').cloneNode(true);
    for (const code of words.querySelectorAll('pre')) code.remove();
    for (const end of words.querySelectorAll('p, li, h3, h4, h5, h6, td, th, br')) end.append('\n'), end.after('\n');
    const pieces = [];
    for (const sentence of words.textContent.match(/[^\n.!?;…。！？]+[.!?;…。！？\s]*/g) || []) {
      for (let rest = sentence.trim(); rest; ) {
        // Browsers fall silent in the middle of long utterances.
        const space = rest.length > longestUtterance ? rest.lastIndexOf(' ', longestUtterance) : -1;
        const cut = rest.length <= longestUtterance ? rest.length : space > 0 ? space : longestUtterance;
        pieces.push(rest.slice(0, cut));
        rest = rest.slice(cut).trim();
      }
    }
    return pieces;
  };

  const say = (text, speaker, voice) => new Promise((resolve) => {
    const utterance = new SpeechSynthesisUtterance(text);
    if (voice) utterance.voice = voice;
    utterance.lang = voice?.lang || speaker.lang;
    utterance.pitch = speaker.pitch;
    utterance.onend = utterance.onerror = resolve;
    speech.speak(utterance);
  });

  const stop = () => {
    reading++;
    speech.cancel();
    button.textContent = 'Read aloud';
    button.setAttribute('aria-pressed', 'false');
    for (const turn of document.querySelectorAll('.reading')) turn.classList.remove('reading');
  };

  const start = async () => {
    stop();
    const mine = reading;
    button.textContent = 'Stop reading';
    button.setAttribute('aria-pressed', 'true');
    const voices = { a: choose(speakers.a) };
    voices.b = choose(speakers.b, voices.a);
    for (const [seat, other] of [['a', 'b'], ['b', 'a']]) {
      const { gender } = speakers[seat];
      const same = voices[seat] === voices[other];
      speakers[seat].pitch = !same ? 1 : gender === 'f' ? 1.2 : gender === 'm' ? 0.85 : seat === 'a' ? 1.1 : 0.9;
    }
    const turns = [...document.querySelectorAll('.turn')];
    // From what the reader has before their eyes, to the end.
    const first = turns.findIndex((turn) => turn.getBoundingClientRect().bottom > 120);
    for (const turn of turns.slice(Math.max(0, first))) {
      const seat = turn.classList.contains('a') ? 'a' : 'b';
      turn.classList.add('reading');
      turn.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
      for (const piece of sentencesOf(turn)) {
        if (mine !== reading) return;
        await say(piece, speakers[seat], voices[seat]);
      }
      if (mine !== reading) return;
      turn.classList.remove('reading');
    }
    stop();
  };

  speech.getVoices();
  button.hidden = false;
  button.addEventListener('click', () => (button.getAttribute('aria-pressed') === 'true' ? stop() : start()));
  window.addEventListener('pagehide', stop);
});
`;
