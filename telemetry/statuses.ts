/** Whether viewers are told that the relay holds a message back, for `rate` in its settings. */
export function isHeldBack(status: string): boolean {
  return status.startsWith('held back by the rate limit');
}

/** Whether an agent says that its provider has had enough for the moment. */
export function isRateLimited(status: string): boolean {
  return status.startsWith('rate limited by ');
}
