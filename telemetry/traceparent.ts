import type { SpanContext } from '@opentelemetry/api';

/**
 * Where a span stands in a trace, as one word for another process.
 * Source: https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Undefined where that is none: it may come from anybody. */
export function parseTraceparent(text: string): SpanContext | undefined {
  const match = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text.trim());
  const [, traceId = '', spanId = '', flags = '0'] = match ?? [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}
