import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './service.ts';

/** A span, as a collector takes it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client';
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly ended: number;
}

/** One export, as it came. */
export interface Export {
  readonly path: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** An OpenTelemetry collector's OTLP receiver, played. */
export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string;
  /** How it answers: with a status, or not until it no longer hangs. */
  readonly answer: { status: number; hangs: boolean };
  readonly exports: readonly Export[];
  /** The spans of all exports, which were JSON. */
  readonly spans: readonly ReceivedSpan[];
  /** What each resource says of itself. */
  readonly resources: readonly Readonly<Record<string, unknown>>[];
  /** The spans of a trace, once so many have come. */
  trace(traceId: string, count: number): Promise<readonly ReceivedSpan[]>;
  /** Forgets all spans. */
  clear(): void;
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface SentSpan extends Pick<ReceivedSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'name'> {
  readonly kind: number;
  readonly status?: { readonly code?: number };
  readonly attributes: readonly Attribute[];
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

const KINDS = ['internal', 'internal', 'server', 'client'] as const;

/** Starts one. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const answer = { status: 200, hangs: false };
  const exports: Export[] = [];
  const spans: ReceivedSpan[] = [];
  const resources: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces);
      exports.push({ path: request.url, headers: request.headers, body });
      const type = request.headers['content-type'] ?? '';
      const isJson = type === 'application/json';
      if (isJson) {
        for (const { resource, scopeSpans } of (JSON.parse(body.toString()) as Sent).resourceSpans) {
          resources.push(toRecord(resource.attributes));
          spans.push(...scopeSpans.flatMap((scope) => scope.spans.map(toSpan)));
        }
      }
      const end = (): unknown =>
        answer.hangs
          ? setTimeout(end, 2)
          : response.writeHead(answer.status, { 'content-type': type }).end(isJson ? '{}' : undefined);
      end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ofTrace = (id: string): ReceivedSpan[] => spans.filter(({ traceId }) => traceId === id);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer,
    exports,
    spans,
    resources,
    async trace(traceId, count) {
      await until(() => ofTrace(traceId).length >= count, `${count} spans of the trace have come`);
      return ofTrace(traceId);
    },
    clear: () => void spans.splice(0),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function toSpan({ kind, status, attributes, startTimeUnixNano, endTimeUnixNano, ...span }: SentSpan): ReceivedSpan {
  return {
    ...span,
    parentSpanId: span.parentSpanId || undefined,
    kind: KINDS[kind]!,
    isError: status?.code === 2,
    attributes: toRecord(attributes),
    started: Number(startTimeUnixNano) / 1e6,
    ended: Number(endTimeUnixNano) / 1e6,
  };
}

function toRecord(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
