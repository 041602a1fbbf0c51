import type { StartRequest, Started } from '../../api.ts';
import { postJson } from '../shell/api.ts';
import { navigate } from '../shell/router.ts';

/** Starts a meeting and goes there. Rejects with ApiProblem. */
export async function begin(request: StartRequest): Promise<void> {
  const { meeting } = await postJson<Started>('/api/meetings', request);
  navigate(`/meetings/${encodeURIComponent(meeting)}`);
}
