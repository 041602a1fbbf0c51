import path from 'node:path';
import { serviceNames, type ServiceName } from '../config/service-names.ts';
import type { Persona } from '../personas/persona.ts';
import type { Participant, Seat } from '../wire/types.ts';
import { UsageError } from './failure.ts';
import { resolveMeeting, type FolderFlags } from './meeting-folder.ts';

/** Who held a seat of a meeting, as its journal tells. */
export interface FormerSeat {
  /** Without a file. */
  readonly persona: Persona;
  /** Absent for a person, and for an agent of another program. */
  readonly service?: ServiceName;
  /** Settings of the service, in the words of its settings file. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Rejects with UsageError where the journal holds no meeting, and as `resolveMeeting` does. */
export async function readFormerSeat(
  argv: FolderFlags & { readonly meeting: string },
  seat: Seat,
): Promise<FormerSeat> {
  const { journalItems } = await import('../journal/read.ts');
  const folder = await resolveMeeting(argv);
  for await (const item of journalItems(path.join(folder, 'journal.jsonl'))) {
    if (item.type === 'event' && item.event.type === 'meeting') return formerSeatOf(item.event.seats[seat]);
  }
  throw new UsageError(`the journal of ${path.basename(folder)} holds no meeting`);
}

function formerSeatOf({
  name,
  lang,
  gender,
  provider,
  model,
  persona,
  parameters = {},
  seed,
}: Participant): FormerSeat {
  const service = serviceNames.find((known) => known === provider);
  // Only these are called by a name that can be given; others have it from a file.
  const isChosen = service !== undefined && ['openai', 'anthropic', 'ollama', 'lmstudio'].includes(service);
  return {
    persona: {
      file: '',
      name,
      ...(lang === undefined ? {} : { lang }),
      ...(gender === undefined ? {} : { gender }),
      text: persona?.text ?? '',
      own: persona?.text ?? '',
      sha256: persona?.sha256 ?? '',
    },
    ...(service === undefined ? {} : { service }),
    settings: {
      ...parameters,
      ...(isChosen && model !== undefined ? { model } : {}),
      ...(seed === undefined ? {} : { seed }),
    },
  };
}
