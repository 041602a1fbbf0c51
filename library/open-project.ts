import type { Project, ProjectSettings } from '../sidecar/project/project.ts';

/** Opens a sandbox for programs. Rejects with ColloquyError `no-tier` where no code can be run safely. */
export async function openProject(settings: ProjectSettings): Promise<Project> {
  const { openProject: open } = await import('../sidecar/project/project.ts');
  return open(settings);
}
