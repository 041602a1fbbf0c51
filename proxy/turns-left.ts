/**
 * What an agent is told before its message when `left` messages are left of `most`, that one among them:
 * once each at about half of them, at five, and at the end. Undefined at all other times. Since the two speak
 * in turn, `left` is two less each time an agent is asked.
 */
export function turnsLeftNote(left: number, most: number): string | undefined {
  if (left <= 1) return 'This conversation ends with your next message: bring it to a close.';
  if (left === 2) {
    return 'Two messages are left in this conversation: your next one, and an answer to it. Bring it to a close.';
  }
  const isMoment = [Math.floor(most / 2), 5].some((moment) => left <= moment && moment < left + 2);
  return isMoment ? `${left} messages are left in this conversation, your next one among them.` : undefined;
}
