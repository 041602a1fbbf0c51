// Meetings at the same time in one process, kept in a folder, without a key; Ctrl-C stops all of them politely. Eliza is
// asked as a service would have it that wants no more than two requests at a time, whatever the number of meetings.
//   node examples/many-meetings.js [COUNT] [FOLDER]
import { hold, requestLimit } from 'colloquy';

const [, , count = '5', transcripts = 'transcripts'] = process.argv;

const limit = requestLimit({ atOnce: 2 });
const meetings = Array.from({ length: Number(count) }, (_, index) =>
  hold({
    a: { service: 'eliza', seed: index, limit },
    b: { service: 'parry', seed: index },
    maxMessages: 8,
    transcripts,
  }),
);
process.once('SIGINT', () => meetings.forEach((meeting) => meeting.stop()));

for (const { id, reason, turns, folder } of await Promise.all(meetings.map(({ finished }) => finished))) {
  console.log(`${id}: ${turns} turns, ${reason}, in ${folder}`);
}
