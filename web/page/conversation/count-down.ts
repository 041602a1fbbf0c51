/** "next try in 9 s" of "next try in 12 s", three seconds later. */
export function countDown(text: string, sinceMs: number, nowMs: number): string {
  return text.replace(/\bin (\d{1,6}) s\b/, (_, seconds: string) => {
    const left = Math.ceil(Number(seconds) - (nowMs - sinceMs) / 1_000);
    return `in ${Math.max(0, left)} s`;
  });
}
