/** What the tier tells the driver, as its one argument. Paths are as Deno sees them. */
export interface DriverSettings {
  readonly pyodideFolder: string;
  /** session.py and python_side.py. */
  readonly sessionFile: string;
  readonly pythonSideFile: string;
  readonly snapshotFile?: string;
  /** Of the files that code writes, all together. */
  readonly diskMiB: number;
  /** Prints a start snapshot on stdout and ends. */
  readonly makesSnapshot?: boolean;
}

/** What the Python worker starts from. */
export interface PythonParts {
  /** Addresses of modules. */
  readonly loader: string;
  readonly glue: string;
  readonly wasm: WebAssembly.Module;
  readonly standardLibrary: Uint8Array<ArrayBuffer>;
  readonly lockFile: string;
  readonly snapshot: Uint8Array<ArrayBuffer> | undefined;
  readonly makesSnapshot: boolean;
  readonly sessionSource: string;
  readonly pythonSideSource: string;
  /** A 2 in it interrupts Python (SIGINT). */
  readonly interrupts: Uint8Array;
  readonly diskBytes: number;
}
