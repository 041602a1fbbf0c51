import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { proxySchema, type ExecutionConfig } from '../../config/schema.ts';
import { openProject, type Project, type ProgramOutcome } from '../../sidecar/project/project.ts';
import { temporaryFolder } from './temporary.ts';

/** A project that is closed when the test is, with a cache of its own unless one is given. */
export async function testProject(
  settings: Partial<ExecutionConfig> = {},
  cacheFolder?: string,
): Promise<Project> {
  const project = await openTestProject(settings, cacheFolder ?? (await openFolder()));
  onTestFinished(() => project.close());
  return project;
}

/** For many tests; whoever opens it closes it. Without a cache folder nothing may be installed in it. */
export function openTestProject(
  settings: Partial<ExecutionConfig> = {},
  cacheFolder?: string,
): Promise<Project> {
  const { execution } = proxySchema.parse({ execution: { tier: 'bubblewrap', ...settings } });
  return openProject({ config: execution, ...(cacheFolder === undefined ? {} : { cacheFolder }) });
}

/** A folder that a sandbox of root's can look into, gone when the test is. */
export async function openFolder(): Promise<string> {
  const folder = await temporaryFolder();
  chmodSync(folder, 0o755);
  return folder;
}

/** A folder with files in it. */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

/** Runs one file of Python. */
export async function runFile(project: Project, source: string, seconds = 20): Promise<ProgramOutcome> {
  const folder = await folderWith({ 'main.py': source });
  return project.run({ folder, entry: 'main.py', seconds, signal: new AbortController().signal });
}
