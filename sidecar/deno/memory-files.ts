/** Emscripten's file system, as far as a limit needs it; see MEMFS in its src/lib/libmemfs.js. */
export interface MemoryFiles {
  readonly root: MemoryNode;
  readonly ErrnoError: new (code: number) => Error;
  readonly filesystems: {
    readonly MEMFS: {
      readonly ops_table: { readonly file: { readonly stream: { write: Write } } };
      resizeFileStorage: (this: void, node: MemoryNode, bytes: number) => void;
    };
  };
}
interface MemoryNode {
  /** Of a folder: its entries. */
  readonly contents?: Uint8Array | Readonly<Record<string, MemoryNode>>;
  readonly mounted?: { readonly root: MemoryNode } | null;
}
type Write = (
  stream: { readonly node: MemoryNode },
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: number,
  canOwn?: boolean,
) => number;

/** Emscripten numbers its errors as WASI does. */
const noSpaceLeft = 51;

/**
 * Bounds what files hold, all together and beside what is there already, so that a program that writes too
 * much gets the error it would get from a full disk. No wall: that is the limit of the process.
 */
export function limitFiles(files: MemoryFiles, bytes: number): void {
  const { MEMFS } = files.filesystems;
  const most = measure(files.root) + bytes;
  // Grows with what is written, and is counted anew before anything is refused: files may be gone.
  let held = most;
  const bounded = <T>(node: MemoryNode, end: number, change: () => T): T => {
    const before = sizeOf(node);
    const growth = Math.max(0, end - before);
    if (held + growth > most) held = measure(files.root);
    if (held + growth > most) throw new files.ErrnoError(noSpaceLeft);
    const result = change();
    // More than was asked for: room is added an eighth at a time.
    held += sizeOf(node) - before;
    return result;
  };

  const { stream } = MEMFS.ops_table.file;
  const { write } = stream;
  stream.write = (target, buffer, offset, length, position, canOwn) =>
    bounded(target.node, position + length, () => write(target, buffer, offset, length, position, canOwn));
  const resize = MEMFS.resizeFileStorage;
  MEMFS.resizeFileStorage = (node, size) => bounded(node, size, () => resize(node, size));
}

function measure(node: MemoryNode, depth = 0): number {
  const { contents, mounted } = node;
  if (mounted && mounted.root !== node) return measure(mounted.root, depth + 1);
  if (contents === undefined || contents instanceof Uint8Array || depth > 1_000) return sizeOf(node);
  return Object.values(contents).reduce((sum, entry) => sum + measure(entry, depth + 1), 0);
}

function sizeOf({ contents }: MemoryNode): number {
  return contents instanceof Uint8Array ? contents.length : 0;
}
