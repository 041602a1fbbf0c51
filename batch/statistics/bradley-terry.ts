/** One comparison of two players. */
export interface Match {
  readonly a: string;
  readonly b: string;
  readonly winner: 'a' | 'b' | 'tie';
}

export interface Strength {
  readonly player: string;
  /** Geometric mean 1: `one / (one + other)` is the chance that one wins. */
  readonly strength: number;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
}

export interface Ranking {
  /** The strongest first. */
  readonly players: readonly Strength[];
  /**
   * Whether the matches say how strong each is. They do not where somebody won, or lost, all against the rest: then
   * the strengths are those of the last round, and only their order means something.
   */
  readonly isDetermined: boolean;
}

export interface RankingOptions {
  /**
   * So many ties of each player with somebody of strength 1 count beside the matches: a strength is then finite
   * whatever was played, and the less was played, the nearer to the others. 0: the matches alone.
   */
  readonly priorTies?: number;
}

const mostRounds = 10_000;
const smallestChange = 1e-12;

/**
 * Strengths by the model of Bradley and Terry, by minorization and maximization; a tie is half a win for each.
 * Source: Hunter, "MM algorithms for generalized Bradley-Terry models", Annals of Statistics 32 (2004), equation 3 and
 * assumption 1.
 */
export function rankPlayers(matches: readonly Match[], { priorTies = 0 }: RankingOptions = {}): Ranking {
  const names = [...new Set(matches.flatMap(({ a, b }) => [a, b]))].sort();
  const at = new Map(names.map((name, index) => [name, index]));
  const square = (): number[][] => names.map(() => names.map(() => 0));
  const won = square();
  const counts = names.map(() => ({ wins: 0, losses: 0, ties: 0 }));
  for (const { a, b, winner } of matches) {
    const [one, other] = [at.get(a) as number, at.get(b) as number];
    // Nobody can be stronger than themselves.
    if (one === other) continue;
    const [first, second] = winner === 'b' ? [other, one] : [one, other];
    if (winner === 'tie') {
      add(won, first, second, 0.5);
      add(won, second, first, 0.5);
      for (const each of [first, second]) (counts[each] as { ties: number }).ties++;
    } else {
      add(won, first, second, 1);
      (counts[first] as { wins: number }).wins++;
      (counts[second] as { losses: number }).losses++;
    }
  }
  const strengths = maximize(won, priorTies);
  const players = names.map((player, index) => ({
    player,
    strength: strengths[index] as number,
    ...(counts[index] as { wins: number; losses: number; ties: number }),
  }));
  return {
    players: players.sort((one, other) => other.strength - one.strength),
    isDetermined: isStronglyConnected(won),
  };
}

function maximize(won: readonly (readonly number[])[], priorTies: number): number[] {
  const total = won.map((row) => row.reduce((sum, value) => sum + value, priorTies / 2));
  const settle = priorTies > 0 ? weighAgainstMiddle : normalize;
  let strengths = won.map(() => 1);
  for (let round = 0; round < mostRounds; round++) {
    const next = settle(
      strengths.map((own, player) => {
        const expected = strengths.reduce(
          (sum, other, opponent) => {
            const games = cell(won, player, opponent) + cell(won, opponent, player);
            return games === 0 ? sum : sum + games / (own + other);
          },
          priorTies / (own + 1),
        );
        return expected === 0 ? own : Math.max((total[player] as number) / expected, Number.MIN_VALUE);
      }),
    );
    const change = Math.max(
      0,
      ...next.map((value, index) => Math.abs(value / (strengths[index] as number) - 1)),
    );
    strengths = next;
    if (change < smallestChange) break;
  }
  return normalize(strengths);
}

/**
 * Matches say nothing of the unit of strengths, ties with somebody of strength 1 do: the unit in which those ties are
 * likeliest. Without it the unit alone would take most of the rounds.
 */
function weighAgainstMiddle(strengths: readonly number[]): number[] {
  let scale = 1;
  for (let round = 0; round < 20; round++) {
    const shares = strengths.map((value) => (value * scale) / (value * scale + 1));
    const excess = shares.reduce((sum, share) => sum + share - 0.5, 0);
    const slope = shares.reduce((sum, share) => sum + share * (1 - share), 0);
    const step = Math.exp(-excess / Math.max(slope, 1e-9));
    scale *= Math.min(Math.max(step, 0.1), 10);
    if (Math.abs(step - 1) < 1e-14) break;
  }
  return strengths.map((value) => value * scale);
}

/** To a geometric mean of 1. */
function normalize(strengths: readonly number[]): number[] {
  const logarithms = strengths.map((value) => Math.max(Math.log(value), -300));
  const middle = logarithms.reduce((sum, value) => sum + value, 0) / logarithms.length;
  return logarithms.map((value) => Math.exp(value - middle));
}

/** Whoever is split off from the rest must have won against it, and lost. */
function isStronglyConnected(won: readonly (readonly number[])[]): boolean {
  const reaches = (from: (one: number, other: number) => number): boolean => {
    const seen = new Set([0]);
    for (const one of seen) {
      for (let other = 0; other < won.length; other++) if (from(one, other) > 0) seen.add(other);
    }
    return seen.size === won.length;
  };
  return (
    won.length > 1 &&
    reaches((one, other) => cell(won, one, other)) &&
    reaches((one, other) => cell(won, other, one))
  );
}

function cell(square: readonly (readonly number[])[], row: number, column: number): number {
  return square[row]?.[column] ?? 0;
}

function add(square: number[][], row: number, column: number, value: number): void {
  (square[row] as number[])[column] = cell(square, row, column) + value;
}
