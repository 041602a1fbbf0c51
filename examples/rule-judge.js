// A judge without a model, for examples/judged.yml: it counts, and answers as a model should.
//   command: node examples/rule-judge.js questions|words
import process from 'node:process';

const [, , what = 'questions'] = process.argv;
let input = '';
for await (const piece of process.stdin.setEncoding('utf8')) input += piece;
const transcript = JSON.parse(input).messages[0].content;
const [mark] = /\[[0-9a-f]{16}\]/.exec(transcript) ?? [''];

const turns = transcript
  .split(mark + ' Turn ')
  .slice(1)
  .map((part) => {
    const [, turn, speaker, text] = /^(\d+), Speaker ([12])\n([^]*)$/.exec(part) ?? [];
    return { turn: Number(turn), speaker, text: (text ?? '').split('\n=====')[0].trim() };
  });

const measure = {
  questions: (text) => (text.match(/\?/g) ?? []).length,
  words: (text) => Math.min(20, text.split(/\s+/).length),
}[what];

/** The mean of a speaker's turns, as a share of the best that one turn of the meeting has. */
function shareOf(speaker) {
  const values = turns.filter((each) => each.speaker === speaker).map(({ text }) => measure(text));
  const most = Math.max(1, ...turns.map(({ text }) => measure(text)));
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length) / most;
}

const shares = { 1: shareOf('1'), 2: shareOf('2') };
const difference = shares[1] - shares[2];
const winner = Math.abs(difference) < 0.02 ? 'tie' : difference > 0 ? 1 : 2;
const best = turns
  .filter(({ speaker }) => winner === 'tie' || speaker === String(winner))
  .reduce((one, other) => (measure(other.text) > measure(one.text) ? other : one));
const score = (speaker) => ({ [what]: Math.round((1 + 4 * shares[speaker]) * 10) / 10 });
console.log(
  JSON.stringify({
    reason: `Speaker 1 has ${shares[1].toFixed(2)} of the most ${what} there could be, Speaker 2 has ${shares[2].toFixed(2)}.`,
    turn: best.turn,
    quotation: best.text.slice(0, 120),
    scores: { 1: score(1), 2: score(2) },
    winner,
  }),
);
