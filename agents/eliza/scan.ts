import { isKey, type ElizaScript } from './script.ts';
import { plainWords, type Word } from './words.ts';

/** The clause that will be answered, after substitution, and its keywords, the one to try first in front. */
interface Scan {
  readonly words: readonly Word[];
  readonly keys: readonly string[];
}

/**
 * Finds the clause to answer. In the paper's manner it is the first with a keyword: what stands before is
 * dropped at each delimiter, and at the first delimiter after a keyword the rest is dropped (CACM 9(1),
 * page 37; that BUT is a delimiter too is known from the program itself).
 */
export function scan(words: readonly Word[], script: ElizaScript): Scan {
  const clauses = clausesOf(words, script.delimiters);
  let best: Scan = { words: [], keys: [] };
  let bestRank = -1;
  for (const clause of clauses) {
    const { rank, ...found } = scanClause(clause, script);
    if (found.keys.length === 0) {
      // Without any keyword, it is the last clause that is left over.
      if (bestRank < 0) best = found;
      continue;
    }
    if (script.manner.clause === 'first') return found;
    if (rank >= bestRank) [best, bestRank] = [found, rank];
  }
  return best;
}

function clausesOf(words: readonly Word[], delimiters: ReadonlySet<string>): Word[][] {
  const clauses: Word[][] = [[]];
  for (const word of words) {
    if (delimiters.has(word.key)) clauses.push([]);
    else clauses.at(-1)?.push(word);
  }
  const filled = clauses.filter((clause) => clause.length > 0);
  return filled.length > 0 ? filled : [[]];
}

/** Builds the keystack: a keyword of a higher rank than all before goes to the front, any other to the end. */
function scanClause(clause: readonly Word[], { keywords }: ElizaScript): Scan & { rank: number } {
  const higher: string[] = [];
  const lower: string[] = [];
  let rank = 0;
  const words = clause.flatMap((word) => {
    const keyword = keywords.get(word.key);
    if (!keyword) return [word];
    if (isKey(keyword)) {
      if (keyword.rank > rank) {
        higher.push(word.key);
        rank = keyword.rank;
      } else {
        lower.push(word.key);
      }
    }
    return keyword.substitute === undefined ? [word] : plainWords(keyword.substitute);
  });
  return { words, keys: [...higher.reverse(), ...lower], rank };
}
