import { expect, it } from 'vitest';
import { fuzz } from '../faults/fuzz.ts';

/** More with COLLOQUY_FUZZ_CONNECTIONS=20000, others with COLLOQUY_FUZZ_SEED=7. */
const connections = Number(process.env['COLLOQUY_FUZZ_CONNECTIONS'] ?? 2_000);
const seed = Number(process.env['COLLOQUY_FUZZ_SEED'] ?? 1);

const mebibyte = 1_048_576;

it(
  `${connections} connections that send nonsense, half frames, huge ones and guesses leave no trace in a proxy or in its honest meeting`,
  async () => {
    const { problems, kinds, honestTurns, before, after } = await fuzz({ seed, connections, atOnce: 48 });
    expect(problems, `seed ${seed}`).toEqual([]);
    expect(honestTurns).toBeGreaterThan(100);
    expect([...kinds.values()].every((count) => count > connections / 50)).toBe(true);
    expect((after.heapBytes - before.heapBytes) / mebibyte).toBeLessThan(6);
    expect((after.residentBytes - before.residentBytes) / mebibyte).toBeLessThan(64);
  },
  30_000 + connections * 20,
);
