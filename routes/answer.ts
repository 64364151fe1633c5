import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyBaseLogger, FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';
import { explaining, type Explaining } from '../src/batch/explain/explain.ts';
import type { Plan } from '../src/batch/plan/node.ts';
import { formatPointer } from '../src/json/pointer.ts';
import { BatchTrace } from '../src/batch/run/batch-trace.ts';
import { isComplete } from '../src/batch/run/reply.ts';
import { run } from '../src/batch/run/run.ts';
import type { Config } from '../src/config/load.ts';
import { replyTypes } from '../src/encodings/index.ts';
import { BadRequest } from '../src/json/fault-list.ts';
import { CodapError, notNeeded } from '../src/errors.ts';
import type { Memory } from '../src/budget/memory.ts';
import { endingBy, type Steps, Work } from '../src/budget/work.ts';
import { Text } from '../src/json/text.ts';
import { writeBytes } from '../src/json/write.ts';
import type { BatchSpan } from '../src/observe/batch-span.ts';
import type { Spans } from '../src/observe/spans.ts';
import { keepNothing } from '../src/service/http/caching.ts';
import type { CountedBatch } from '../src/service/http/count-batches.ts';
import { sendNotAcceptable } from '../src/service/http/problem.ts';
import { sendAnswer } from '../src/service/http/send-answer.ts';
import { sendText } from '../src/service/http/send-text.ts';
import { traceIdOf } from '../src/service/http/trace-context.ts';
import { vary } from '../src/service/http/vary.ts';
import type { Source } from '../src/sources/open.ts';
import type { Caller } from '../src/store/fetch.ts';
import { timeoutOf } from './ad-hoc.ts';
import type { Asking } from './asking.ts';

/** What the routes of batches answer from. */
export interface Service {
  readonly config: Config;
  readonly sources: ReadonlyMap<string, Source>;
  /** What the process may hold of bodies and answers under way. */
  readonly memory: Memory;
  /** Calls back, with the reason, when an answer under way has to end; what it returns takes that back. */
  readonly whenCut: (end: (why: string) => void) => () => void;
  /** Where traces are exported. */
  readonly spans?: Spans | undefined;
  /** Takes a line of each batch. */
  readonly log: Pick<FastifyBaseLogger, 'info'>;
}

/** How the route of a batch is registered: what it answers is counted, and may be explained. */
export const batchRoute = ({ pattern, batch }: Pick<Asking, 'pattern' | 'batch'>): FastifyContextConfig => ({
  pattern,
  ...(batch !== undefined && { batch }),
  flags: ['explain'],
});

/** Answers one batch, and counts it. */
export async function answer(
  asking: Asking,
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const received = performance.now();
  const counted = request.counted as CountedBatch;
  counted.begins(received);
  try {
    await answerCounted(asking, service, { request, reply, received, counted });
  } finally {
    counted.ends();
  }
  return reply;
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** When its body was here: an instant. */
  readonly received: number;
  readonly counted: CountedBatch;
}

/** Reads, plans, runs and encodes one batch, and logs one line. */
async function answerCounted(
  asking: Asking,
  { config, memory, whenCut, spans, log }: Service,
  { request, reply, received, counted }: Exchange,
): Promise<void> {
  const span = spans && beginSpan(spans, received, request, reply);
  vary(reply, 'Accept');
  if (asking.caching) keepNothing(reply, asking.caching);
  const acceptable = asking.negotiate(request.headers);
  const there = `there are: ${asking.mediaTypes.join(', ')}`;
  if (acceptable.length === 0) return sendNotAcceptable(reply, there);
  const left = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) left.abort(notNeeded());
  });
  const work = new Work(config.limits.work).endsBy(received + config.server.maxTimeoutMs, left.signal);
  const { plan: planned, params, origins } = await asking.read(request, received, work);
  const encoding = acceptable.find(({ refuses }) => refuses?.(planned) === undefined);
  if (!encoding) return sendNotAcceptable(reply, `${acceptable[0]?.refuses?.(planned)}; ${there}`);
  if (planned.trace && !encoding.showsReplies)
    throw new BadRequest([
      { pointer: '#/trace', detail: `${encoding.mediaType} shows no replies; allowed with: ${replyTypes.join(', ')}` },
    ]);
  const timeoutMs = timeoutOf(planned.timeoutMs, config);
  if (origins) {
    const how = { origins, taking: encoding, caller: callerOf(request), timeoutMs, limits: config.limits, work };
    const bytes = await work.do(endingBy(explanation(planned, how), received + timeoutMs));
    reply.type('application/json; charset=utf-8');
    return sendText(reply, new Text().addBytes(bytes), { idleMs: config.limits.streamIdleMs, work });
  }
  const traceIds = { trace_id: traceIdOf(request.raw.headers), span_id: span?.id };
  const running = run(
    planned,
    {
      caller: callerOf(request),
      deadline: received + timeoutMs,
      timeoutMs,
      signal: left.signal,
      limits: config.limits,
      memory,
      work,
      params,
      failFast: planned.onError === 'fail',
      trace: planned.trace || span?.isSampled ? new BatchTrace(received, planned.trace, span?.spanOf) : undefined,
      report: ({ path, error }) =>
        request.log.error(
          { err: error, path: formatPointer(path), source: error.source, ...traceIds },
          'a query failed by our fault',
        ),
    },
    encoding,
  );
  counted.batch = running.batch;
  counted.encoding = encoding.mediaType;
  if (span) span.running = running;
  if (reply.raw.closed) running.batch.memory.close();
  else reply.raw.once('close', () => running.batch.memory.close());
  const end = (why: string): void => running.batch.decide({ path: [], error: new CodapError('OVERLOADED', why) });
  const unlink = whenCut(end);
  try {
    await sendAnswer(running, planned, encoding, reply, asking.caching);
  } finally {
    unlink();
  }
  const { status, ms, list } = await running.root.reply;
  counted.complete = list !== undefined && isComplete(list) && !running.batch.hasBroken;
  log.info(
    {
      requestId: request.id,
      pattern: asking.pattern,
      batch: asking.batch,
      queries: planned.root.members.length,
      complete: counted.complete,
      ms,
      failures: running.batch.failures.length,
      failed: running.batch.decidedBy?.error.code,
      left: left.signal.aborted || undefined,
      status,
      ...traceIds,
    },
    'batch',
  );
}

/** What a batch would do, as JSON in UTF-8. */
function* explanation(plan: Plan, how: Explaining): Steps<Buffer> {
  return yield* writeBytes(yield* explaining(plan, how), 'relaxed', how.work);
}

/** Begins the span of a batch, and ends it with the answer: the request now belongs to it, by its header. */
function beginSpan(
  spans: Spans,
  received: number,
  { raw, routeOptions, log }: FastifyRequest,
  reply: FastifyReply,
): BatchSpan {
  const { headers, method = '' } = raw;
  const span = spans.begin({ headers, method, route: routeOptions.url ?? '', received });
  headers['traceparent'] = span.traceparent;
  const end = (): void =>
    void span.end(reply.raw.statusCode).catch((err: unknown) => log.error({ err }, 'spans failed by our fault'));
  if (reply.raw.closed) end();
  else reply.raw.once('close', end);
  return span;
}

/** Who asks; headers are looked at only by a source that forwards some. */
function callerOf({ raw: { headers } }: FastifyRequest): Caller {
  const { traceparent, tracestate } = headers;
  return {
    get headers() {
      return singleOf(headers);
    },
    ...(traceparent !== undefined && { traceparent: String(traceparent) }),
    ...(tracestate !== undefined && { tracestate: String(tracestate) }),
  };
}

/** Each field of a request once: Node keeps several of a few names as a list. */
function singleOf(headers: IncomingHttpHeaders): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) single[name] = Array.isArray(value) ? value.join(', ') : value;
  return single;
}
