import { ColloquyError } from '../wire/errors.ts';

/** TypeScript as JavaScript; nothing is checked but its grammar. Rejects with ColloquyError `bad-code`. */
export async function stripTypes(code: string): Promise<string> {
  const { transform } = await import('esbuild');
  try {
    const { code: plain } = await transform(code, { loader: 'ts', target: 'es2023', logLevel: 'silent' });
    return plain;
  } catch (error) {
    const [first] =
      (error as { errors?: { text: string; location?: { line: number } | null }[] }).errors ?? [];
    const where = first?.location ? ` on line ${first.location.line}` : '';
    throw new ColloquyError(`the code is no TypeScript: ${first?.text ?? 'it cannot be read'}${where}`, {
      code: 'bad-code',
      cause: error,
    });
  }
}
