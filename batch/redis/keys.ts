/** Of BullMQ's own keys. */
export const queuePrefix = 'colloquy:queue';
export const queueName = 'meetings';

/** Where Redis keeps what belongs to a batch. */
export interface BatchKeys {
  /** Hash: what all of its meetings share, what it has taken, and why it was halted. */
  readonly batch: string;
  /** Hash of parts that many meetings have in common, by digest. */
  readonly parts: string;
  /** Hash of "TOKENS COST" by meeting; a try that failed is `ID#N`. */
  readonly spent: string;
  /** Set of the meetings that somebody holds. */
  readonly running: string;
  /** List of what became of meetings, as JSON, until it is fetched. */
  readonly finished: string;
  /** Channel: why the batch was halted. */
  readonly halt: string;
}

export function batchKeys(name: string): BatchKeys {
  const batch = `colloquy:batch:${name}`;
  return {
    batch,
    parts: `${batch}:parts`,
    spent: `${batch}:spent`,
    running: `${batch}:running`,
    finished: `${batch}:finished`,
    halt: `${batch}:halt`,
  };
}

export interface MeetingKeys {
  /** Hash: who took it last, the secrets of its seats, and what became of it. */
  readonly meeting: string;
  /** What its journal holds. */
  readonly journal: string;
  /** Hash of the files that code has made in it, by their names. */
  readonly files: string;
  /** List of the journals of tries that failed. */
  readonly tries: string;
}

export function meetingKeys(batch: string, id: string): MeetingKeys {
  const meeting = `colloquy:meeting:${batch}/${id}`;
  return { meeting, journal: `${meeting}:journal`, files: `${meeting}:files`, tries: `${meeting}:tries` };
}

/** Names in the queue are its own affair, but for colons. */
export function queueId(batch: string, id: string): string {
  return `${batch}/${id}`;
}
