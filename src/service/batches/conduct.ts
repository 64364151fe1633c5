import { BatchTrace } from '../../batch/run/batch-trace.ts';
import { leftOpen } from '../../batch/run/frames.ts';
import { hasFlowed, isComplete, isCompleteSoFar, type Reply } from '../../batch/run/reply.ts';
import { run, type Running } from '../../batch/run/run.ts';
import type { Encoding } from '../../encodings/encoding.ts';
import { CodapError } from '../../errors.ts';
import { whenClosed } from '../../ground/when-closed.ts';
import { formatPointer } from '../../json/pointer.ts';
import { isRefusal } from '../http/count-batches.ts';
import { wasCut } from '../http/cut-idle.ts';
import { noteOwnFault } from '../http/note-own-fault.ts';
import { traceIdOf } from '../http/trace-context.ts';
import type { Asked } from './asking.ts';
import type { Exchange } from './batch-exchange.ts';
import { timeoutOf } from './batch-time.ts';
import { RequestCaller } from './request-caller.ts';

const NOT_TAKEN = new CodapError('TIMEOUT', 'the client took nothing of the answer for too long');

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
