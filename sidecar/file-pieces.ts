import { open } from 'node:fs/promises';

/** What goes into one message. */
const pieceBytes = 512 * 1024;

export interface FilePiece {
  readonly base64: string;
  /** Whether the file ends with it; an empty file is one empty piece. */
  readonly last: boolean;
}

/** A file as messages carry it. Throws where it cannot be read. */
export async function* readPieces(file: string): AsyncGenerator<FilePiece, void, void> {
  const handle = await open(file);
  try {
    for (let last = false; !last;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(pieceBytes));
      last = bytesRead < pieceBytes;
      yield { base64: buffer.toString('base64', 0, bytesRead), last };
    }
  } finally {
    await handle.close();
  }
}
