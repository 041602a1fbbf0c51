import { performance, type EventLoopUtilization } from 'node:perf_hooks';

const windowMs = 250;
/** Above this the event loop hardly ever waits for anything. */
const busyShare = 0.8;

let sample: EventLoopUtilization = performance.eventLoopUtilization();
let sampledAtMs = performance.now();
let isBusy = false;

/** Whether this process has been busy nearly all of the time lately. */
export function isProcessBusy(): boolean {
  const nowMs = performance.now();
  if (nowMs - sampledAtMs < windowMs) return isBusy;
  const now = performance.eventLoopUtilization();
  isBusy = performance.eventLoopUtilization(now, sample).utilization > busyShare;
  sample = now;
  sampledAtMs = nowMs;
  return isBusy;
}
