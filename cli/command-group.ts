/** A command with commands of its own, such as `transcript list`. */
export interface CommandGroup {
  readonly name: string;
  readonly describe: string;
  /** Each knows its own flags; what they have in common is only that yargs runs them. */
  readonly commands: readonly unknown[];
}
