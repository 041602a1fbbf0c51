/** Browsers fall silent in the middle of what is longer. Characters. */
const longest = 180;

/** Sentence by sentence; long ones are cut between words. */
export function utterancesOf(text: string): string[] {
  const sentences = text.match(/[^\n.!?;…。！？]+[.!?;…。！？\s]*/gu) ?? [];
  return sentences.flatMap((sentence) => piecesOf(sentence.trim())).filter((piece) => piece !== '');
}

function piecesOf(sentence: string): string[] {
  const pieces: string[] = [];
  let rest = sentence;
  while (rest.length > longest) {
    const space = rest.lastIndexOf(' ', longest);
    const end = space > 0 ? space : longest;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end).trim();
  }
  return [...pieces, rest];
}
