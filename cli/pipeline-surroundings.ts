import type { ModuleContext } from '../pipelines/module.ts';
import { parseServiceSpec } from './service-spec.ts';

/**
 * What steps of a pipeline may need beside a model, loaded when the first one asks for it. `spec`, as `-s` takes it,
 * writes for seats of meetings for which nobody is named.
 */
export function createSurroundings(
  spec: string | undefined,
): Pick<ModuleContext, 'openProject' | 'holdMeeting'> {
  return {
    openProject: async () => {
      const { loadExecutionConfig } = await import('./execution-config.ts');
      const { openProject } = await import('../sidecar/project/project.ts');
      return openProject({ config: await loadExecutionConfig({}) });
    },
    holdMeeting: async (wish) => {
      const { holdMeeting } = await import('./hold-meeting.ts');
      return holdMeeting(wish, spec === undefined ? undefined : parseServiceSpec(spec, '-s'));
    },
  };
}
