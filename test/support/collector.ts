import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

type Value = string | number | boolean | Value[];

export interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it is the root of its trace. */
  readonly parentSpanId: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, Value>> }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 0 unset, 1 ok, 2 error. */
  readonly status: { readonly code?: number; readonly message?: string };
  readonly startMs: number;
  readonly endMs: number;
  /** Attributes of the process that it comes from. */
  readonly resource: Readonly<Record<string, Value>>;
}

export interface CollectedPoint {
  readonly metric: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly count: number;
  readonly sum: number;
  readonly bounds: readonly number[];
}

/** A collector on loopback that takes OTLP over HTTP as JSON, as it stands in opentelemetry-proto. */
export interface Collector {
  readonly endpoint: string;
  readonly spans: readonly CollectedSpan[];
  readonly points: readonly CollectedPoint[];
  /** Bodies and headers, word for word. */
  readonly raw: readonly string[];
}

/** With a status, it refuses all that comes; with `silent`, it never answers. */
export async function startCollector({
  status = 200,
  silent = false,
}: { status?: number; silent?: boolean } = {}): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const points: CollectedPoint[] = [];
  const raw: string[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const sent = Buffer.concat(pieces);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      raw.push(`${JSON.stringify(request.headers)}\n${body.toString()}`);
      if (silent) return;
      if (status === 200 && request.url?.endsWith('/v1/traces')) spans.push(...readSpans(body.toString()));
      if (status === 200 && request.url?.endsWith('/v1/metrics')) points.push(...readPoints(body.toString()));
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, spans, points, raw };
}

interface AnyValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
}
type KeyValues = readonly { readonly key: string; readonly value: AnyValue }[];

interface Traces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: KeyValues };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly kind: number;
        readonly attributes: KeyValues;
        readonly events?: readonly { readonly name: string; readonly attributes?: KeyValues }[];
        readonly links?: CollectedSpan['links'];
        readonly status?: CollectedSpan['status'];
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
      }[];
    }[];
  }[];
}

function readSpans(body: string): CollectedSpan[] {
  const { resourceSpans } = JSON.parse(body) as Traces;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        kind: span.kind,
        attributes: readAttributes(span.attributes),
        events: (span.events ?? []).map(({ name, attributes = [] }) => ({
          name,
          attributes: readAttributes(attributes),
        })),
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
        status: span.status ?? {},
        startMs: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
        endMs: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
        resource: readAttributes(resource.attributes),
      })),
    ),
  );
}

interface Metrics {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly unit?: string;
        readonly histogram?: {
          readonly dataPoints: readonly {
            readonly attributes: KeyValues;
            readonly count: number | string;
            readonly sum: number;
            readonly explicitBounds: readonly number[];
          }[];
        };
      }[];
    }[];
  }[];
}

/** Each export says all that was counted so far. */
function readPoints(body: string): CollectedPoint[] {
  const { resourceMetrics } = JSON.parse(body) as Metrics;
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics: found }) => found),
  );
  return metrics.flatMap(({ name, unit = '', histogram }) =>
    (histogram?.dataPoints ?? []).map(({ attributes, count, sum, explicitBounds }) => ({
      metric: name,
      unit,
      attributes: readAttributes(attributes),
      count: Number(count),
      sum,
      bounds: explicitBounds,
    })),
  );
}

function readAttributes(attributes: KeyValues): Record<string, Value> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, readValue(value)]));
}

function readValue({ stringValue, intValue, doubleValue, boolValue, arrayValue }: AnyValue): Value {
  if (arrayValue) return (arrayValue.values ?? []).map(readValue);
  return stringValue ?? boolValue ?? doubleValue ?? Number(intValue);
}
