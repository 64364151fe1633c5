import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Pattern } from '../../batch/plan/node.ts';
import { Work } from '../../budget/work.ts';
import { notNeeded } from '../../errors.ts';
import { CallSignal } from '../../ground/call-signal.ts';
import { whenClosed } from '../../ground/when-closed.ts';
import type { BatchSpan } from '../../observe/batch-span.ts';
import type { Spans } from '../../observe/spans.ts';
import type { CountedBatch } from '../http/count-batches.ts';
import { noteOwnFault } from '../http/note-own-fault.ts';
import type { Asking } from './asking.ts';
import type { Service } from './service.ts';

/** A request whose body is here. */
export interface Received {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** When its body was here: an instant. */
  readonly received: number;
  /** Aborts when the client leaves. */
  readonly left: AbortSignal;
  /** What it lets codap compute, planning included. */
  readonly work: Work;
}

/** One that asks for a batch, until its answer has left. */
export interface Exchange extends Received {
  /** What it is answered from. */
  readonly service: Service;
  readonly pattern: Pattern;
  /** The name of a saved batch. */
  readonly batch: string | undefined;
  readonly counted: CountedBatch;
  /** Where traces are exported. */
  readonly span: BatchSpan | undefined;
}

/** Receives a request, now that its body is here. */
export function receive({ config }: Pick<Service, 'config'>, request: FastifyRequest, reply: FastifyReply): Received {
  const received = performance.now();
  const left = new CallSignal();
  whenClosed(reply.raw, () => {
    if (!reply.raw.writableFinished) left.abort(notNeeded());
  });
  const most = Math.min(config.server.maxTimeoutMs, request.caller.maxTimeoutMs);
  const work = new Work(config.limits.work, request.held).endsBy(received + most, left);
  return { request, reply, received, left, work };
}

/** Begins to answer a request for a batch. */
export function beginExchange(
  service: Service,
  from: Received,
  { pattern, batch }: Pick<Asking, 'pattern' | 'batch'>,
  counted: CountedBatch,
): Exchange {
  counted.begins(from.received);
  const span = service.spans && beginSpan(service.spans, from, service.config.server.traceStatements);
  return { ...from, service, pattern, batch, counted, span };
}

/** Begins the span of a batch, and ends it with the answer: the request now belongs to it, by its header. */
function beginSpan(spans: Spans, { request, reply, received }: Received, withValues: boolean): BatchSpan {
  const { raw, routeOptions, caller, protocol: scheme } = request;
  const { headers, method = '' } = raw;
  const route = routeOptions.url ?? '';
  const span = spans.begin({ headers, method, scheme, route, caller: caller.name, received, withValues });
  headers['traceparent'] = span.traceparent;
  const end = (): void =>
    void span
      .end(statusSent(reply))
      .catch((error: unknown) => noteOwnFault(request, error, 'spans failed by our fault'));
  whenClosed(reply.raw, end);
  return span;
}

/** None where the client left before its answer began. */
function statusSent({ raw }: FastifyReply): number | undefined {
  return raw.headersSent ? raw.statusCode : undefined;
}
