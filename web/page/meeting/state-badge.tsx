import type { JSX } from 'preact';
import type { MeetingState } from '../../api.ts';

const words: { readonly [state in MeetingState]: string } = {
  running: 'running',
  paused: 'paused',
  interrupted: 'interrupted',
  ended: 'ended',
};

export function StateBadge({ state }: { readonly state: MeetingState }): JSX.Element {
  return <span class={`badge ${state}`}>{words[state]}</span>;
}
