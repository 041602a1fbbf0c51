import type { ModuleContext } from '../pipelines/module.ts';
import type { Surroundings } from './hold-meeting.ts';

/** What steps of a pipeline may need beside a model, loaded when the first one asks for it. */
export function createSurroundings(
  surroundings: Surroundings,
): Pick<ModuleContext, 'openProject' | 'holdMeeting'> {
  return {
    openProject: async () => {
      const { loadExecutionConfig } = await import('./execution-config.ts');
      const { openProject } = await import('../sidecar/project/project.ts');
      return openProject({ config: await loadExecutionConfig({}) });
    },
    holdMeeting: async (wish) => {
      const { holdMeeting } = await import('./hold-meeting.ts');
      return holdMeeting(wish, surroundings);
    },
  };
}
