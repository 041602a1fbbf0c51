/**
 * Characters that move a cursor, colour a screen or turn the order of letters round, made visible:
 * ESC becomes ␛, U+202E becomes <U+202E>. Newlines and tabs stay, CR LF becomes one newline. What
 * scripts need (joiners, the left-to-right and right-to-left marks) stays too.
 */
export function visibleControls(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(controls, picture);
}

/** The same for a place that has one line only: newlines and tabs become spaces. */
export function visibleLine(text: string): string {
  return visibleControls(text).replace(/[\n\t]+/g, ' ');
}

/**
 * C0 but tab and newline, DEL, C1, line and paragraph separator, bidirectional embeddings, overrides and
 * isolates. Source: Unicode 16, chapters 23.1 and 23.2, and UAX #9.
 */
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

function picture(character: string): string {
  const code = character.charCodeAt(0);
  // The control pictures block repeats C0 in its order from U+2400 on.
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}
