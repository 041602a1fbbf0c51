/** The line of a dead program's stderr that tells most of why it died; empty where it said nothing. */
export function lastWords(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trimEnd());
  // After it, Node prints its stack and its version; Python ends with it.
  const error = lines.findLast((line) => /^(?:Uncaught )?[\w.]*(?:Error|Exception)\b.*:/.test(line));
  return error ?? lines.findLast((line) => line !== '' && !/^Node\.js v\d/.test(line)) ?? '';
}
