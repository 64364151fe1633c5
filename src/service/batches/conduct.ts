import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Pattern } from '../../batch/plan/node.ts';
import type { PlansOfLate } from '../../batch/plan/plans-of-late.ts';
import { BatchTrace } from '../../batch/run/batch-trace.ts';
import { leftOpen } from '../../batch/run/frames.ts';
import { hasFlowed, isComplete, isCompleteSoFar, type Reply } from '../../batch/run/reply.ts';
import { run, type Running } from '../../batch/run/run.ts';
import type { Memory } from '../../budget/memory.ts';
import { Work } from '../../budget/work.ts';
import { CallSignal } from '../../ground/call-signal.ts';
import type { Grant } from '../../callers/known-caller.ts';
import type { Config } from '../../config/load.ts';
import type { Encoding } from '../../encodings/encoding.ts';
import { CodapError, notNeeded } from '../../errors.ts';
import { formatPointer } from '../../json/pointer.ts';
import type { BatchSpan } from '../../observe/batch-span.ts';
import type { Spans } from '../../observe/spans.ts';
import type { SavedBatch } from '../../saved/saved-batch.ts';
import type { Source } from '../../sources/open.ts';
import { type CountedBatch, isRefusal } from '../http/count-batches.ts';
import { wasCut } from '../http/cut-idle.ts';
import { noteOwnFault } from '../http/note-own-fault.ts';
import { traceIdOf } from '../http/trace-context.ts';
import { whenClosed } from '../../ground/when-closed.ts';
import { timeoutOf } from './batch-time.ts';
import type { Asked, Asking } from './asking.ts';
import { RequestCaller } from './request-caller.ts';

const NOT_TAKEN = new CodapError('TIMEOUT', 'the client took nothing of the answer for too long');

/** What the routes of batches answer from. */
export interface Service {
  readonly config: Config;
  /** The sources that a caller may name. */
  readonly sourcesFor: (caller: Grant) => ReadonlyMap<string, Source>;
  /** Of the batches that stand in a body. */
  readonly plans: PlansOfLate;
  /** The saved batches that a caller may run. */
  readonly savedFor: (caller: Grant) => ReadonlyMap<string, SavedBatch>;
  /** Whether callers are told apart. */
  readonly knowsCallers: boolean;
  /** What the process may hold of bodies and answers under way. */
  readonly memory: Memory;
  /** Calls back, with the reason, when an answer under way has to end; what it returns takes that back. */
  readonly whenCut: (end: (why: string) => void) => () => void;
  /** Where traces are exported. */
  readonly spans?: Spans | undefined;
  /** Takes a line of each batch. */
  readonly log: Pick<FastifyBaseLogger, 'info'>;
}

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

/**
 * Runs a planned batch, whose answer is made by `answerWith` in the way that `taking` says; counts it, and
 * logs one line.
 */
export async function conduct(
  exchange: Exchange,
  asked: Asked,
  taking: Encoding,
  answerWith: (running: Running) => Promise<void>,
): Promise<void> {
  const running = start(exchange, asked, taking);
  const unlink = endWithAnswer(exchange, running);
  try {
    await answerWith(running);
  } finally {
    unlink();
  }
  await running.root.reply;
  const { left, counted } = exchange;
  // Whoever has stayed was told all that flows, or what broke it.
  const whole = left.aborted ? leftOpen(running.root.latest) : running.root.latest;
  counted.complete = isAnswered(exchange, running, whole);
  logBatch(exchange, asked, running, whole);
}

/** Starts to run it. */
function start(
  { service, request, received, counted, span, left, work, batch }: Exchange,
  { plan, params }: Asked,
  taking: Encoding,
): Running {
  const { config, memory } = service;
  const timeoutMs = timeoutOf(plan.timeoutMs, config, request.caller);
  // Of a trace that is not sampled no attempt is exported: its stores are told the batch's own span.
  const spanOf = span?.isSampled ? span.spanOf : undefined;
  const running = run(
    plan,
    {
      caller: new RequestCaller(request),
      deadline: received + timeoutMs,
      timeoutMs,
      signal: left,
      limits: config.limits,
      memory,
      work,
      params,
      failFast: plan.onError === 'fail',
      trace: plan.trace || spanOf ? new BatchTrace(received, plan.trace, spanOf) : undefined,
      report: ({ path, error }) => {
        const place = { batch, path: formatPointer(path), source: error.source, span_id: span?.id };
        noteOwnFault(request, error, 'a query failed by our fault', place);
      },
    },
    taking,
  );
  counted.batch = running.batch;
  counted.encoding = taking.mediaType;
  if (span) span.running = running;
  return running;
}

/** What ends its answer ends the batch, too: what this returns takes back that codap may cut it. */
function endWithAnswer({ service, request, reply }: Exchange, { batch }: Running): () => void {
  whenClosed(reply.raw, () => {
    if (wasCut(request.raw.socket)) batch.decide({ path: [], error: NOT_TAKEN });
    batch.memory.close();
  });
  return service.whenCut((why) => batch.decide({ path: [], error: new CodapError('OVERLOADED', why) }));
}

/** Whether all that was asked for has been answered. */
function isAnswered({ request, reply, left }: Exchange, { batch }: Running, { list }: Reply): boolean {
  if (!list || batch.hasBroken || batch.decidedBy || isRefusal(reply.statusCode)) return false;
  // To a HEAD the head alone is answered: what would still have flowed is ended then, by codap itself.
  return request.method === 'HEAD' && !left.aborted ? isCompleteSoFar(list) : isComplete(list);
}

/** Tells the log what became of it. */
function logBatch(
  exchange: Exchange,
  { plan }: Asked,
  { batch: { decidedBy, failures }, started }: Running,
  { status, ms, list }: Reply,
): void {
  const { request, reply, left, counted } = exchange;
  writeLine(exchange, {
    queries: plan.queries,
    complete: counted.complete,
    ms: list?.members.some(hasFlowed) ? performance.now() - started : ms,
    failures: failures.length,
    failed: decidedBy?.error.code,
    left: (left.aborted && !wasCut(request.raw.socket)) || undefined,
    status: decidedBy || isRefusal(reply.statusCode) ? 'error' : counted.complete ? 'ok' : status,
  });
}

/**
 * Tells the log of one that was not planned, or told what it would do, by its deadline: it is counted as
 * failed, and nothing else says why.
 */
export function logUnplanned(exchange: Exchange, error: unknown): void {
  const { left, counted } = exchange;
  const isLate = error instanceof CodapError && error.code === 'TIMEOUT';
  if (counted.batch || left.aborted || !isLate) return;
  writeLine(exchange, { complete: false, ms: counted.ms, failures: 0, failed: error.code, status: 'error' });
}

/** The line of a batch: what became of it, between who asked for it and where it stands among spans. */
function writeLine({ service, request, span, pattern, batch }: Exchange, outcome: object): void {
  const { name: caller } = request.caller;
  const ids = { trace_id: traceIdOf(request.raw.headers), span_id: span?.id };
  service.log.info({ requestId: request.id, caller, pattern, batch, ...outcome, ...ids }, 'batch');
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
