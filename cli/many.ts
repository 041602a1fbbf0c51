import type { Argv } from 'yargs';

/**
 * For commands that take a list of names. The program's other commands let the last of several equal flags
 * win, and yargs counts the names of a list as such: all but the last would be lost.
 */
export function takingMany<T>(cli: Argv<T>): Argv<T> {
  return cli.parserConfiguration({ 'boolean-negation': false, 'camel-case-expansion': false });
}
