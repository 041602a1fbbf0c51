import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigError } from '../../config/errors.ts';
import { packageRoot } from '../../config/paths.ts';
import { findPersona } from '../../personas/find-persona.ts';
import { checkPersona, loadPersona, type Persona } from '../../personas/persona.ts';
import { messageOf } from '../../wire/errors.ts';
import type { PersonaDetail, PersonaPreview, PersonaRow } from '../api.ts';
import { HttpError } from './http-error.ts';

/** No path, and nothing that a flag begins with. */
const fileName = /^[\p{L}\p{N}_][\p{L}\p{N}._-]{0,99}$/u;

/** The personas of the user's folder and of the package; of two with one name the user's counts. */
export async function listPersonas(cwd: string): Promise<PersonaRow[]> {
  const names = new Set<string>();
  for (const root of [cwd, packageRoot]) {
    const files = await readdir(path.join(root, 'personas')).catch(() => []);
    for (const file of files) {
      const { name, ext } = path.parse(file);
      if (ext === '.md' && name !== 'README' && !name.startsWith('_') && fileName.test(name)) names.add(name);
    }
  }
  return [...names].sort().map((id) => {
    try {
      return { id, ...describe(loadPersona(fileOf(id, cwd), { cwd })) };
    } catch (error) {
      return { id, name: id, problem: messageOf(error) };
    }
  });
}

/** Rejects with HttpError 404, and with ConfigError for one that cannot be used. */
export async function readPersona(id: string, cwd: string): Promise<PersonaDetail> {
  const file = fileOf(id, cwd);
  const persona = loadPersona(file, { cwd });
  return { id, ...describe(persona), text: await readFile(file, 'utf8'), system: persona.text };
}

/** Where the persona is that is called so. Throws HttpError 404. */
export function fileOf(id: string, cwd: string): string {
  const absent = new HttpError(404, 'no-persona', `no persona is called ${JSON.stringify(id.slice(0, 100))}`);
  if (!fileName.test(id)) throw absent;
  const own = path.join(cwd, 'personas', `${id}.md`);
  try {
    // What lies in the folder itself by that name is no persona from here.
    return findPersona(existsSync(own) ? own : path.join(packageRoot, 'personas', `${id}.md`), cwd);
  } catch {
    throw absent;
  }
}

/** What an edited persona would be. */
export async function previewPersona(
  { id, text }: { readonly id?: string | undefined; readonly text: string },
  cwd: string,
): Promise<PersonaPreview> {
  const file = await writeEdited(text, { id: id ?? 'persona', cwd });
  try {
    const seen = { cwd: path.dirname(file) };
    const problems = checkPersona(file, seen).map(({ where, message }) => ({
      where: where.replace(/^[^:]*:?/, ''),
      message,
    }));
    try {
      const persona = loadPersona(file, seen);
      return { persona: { ...describe(persona), system: persona.text }, problems };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { problems };
    }
  } finally {
    await rm(path.dirname(file), { recursive: true, force: true });
  }
}

/**
 * Puts a text into a file that only the owner can read, in a folder of its own that whoever asked removes, beside the
 * instructions that the original has beside it.
 */
export async function writeEdited(
  text: string,
  { id, cwd }: { readonly id: string; readonly cwd: string },
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'colloquy-persona-'));
  const file = path.join(folder, `${fileName.test(id) ? id : 'persona'}.md`);
  await writeFile(file, text, { mode: 0o600 });
  const beside = path.join(cwd, 'personas', '_instructions.md');
  const isOwn = existsSync(path.join(cwd, 'personas', `${id}.md`)) && existsSync(beside);
  if (isOwn) await copyFile(beside, path.join(folder, '_instructions.md'));
  return file;
}

function describe({
  name,
  kind,
  lang,
  gender,
  service,
  model,
  opening,
}: Persona): Omit<PersonaRow, 'id' | 'problem'> {
  const given = { kind, lang, gender, service, model, opening };
  return { name, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}
