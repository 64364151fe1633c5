import type { FastifyContextConfig, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { explaining, type Explaining } from '../../batch/explain/explain.ts';
import type { Plan } from '../../batch/plan/node.ts';
import { endingBy, type Steps } from '../../budget/work.ts';
import { chosen, replyTypes } from '../../encodings/index.ts';
import { json } from '../../encodings/json.ts';
import { BadRequest } from '../../json/fault-list.ts';
import { Text } from '../../json/text.ts';
import { writeBytes } from '../../json/write.ts';
import { fileNameIn } from '../../saved/file-name.ts';
import { keepNothing } from '../http/caching.ts';
import type { CountedBatch } from '../http/count-batches.ts';
import { sendNotAcceptable } from '../http/problem.ts';
import { sendAnswer } from '../http/send-answer.ts';
import { sendText } from '../http/send-text.ts';
import { vary } from '../http/vary.ts';
import { timeoutOf } from './batch-time.ts';
import type { Asking } from './asking.ts';
import { beginExchange, type Exchange, receive } from './batch-exchange.ts';
import { conduct, logUnplanned } from './conduct.ts';
import type { Service } from './service.ts';
import { RequestCaller } from './request-caller.ts';

/** How the route of a batch is registered. */
interface BatchRoute {
  readonly config: FastifyContextConfig;
  readonly onRequest: onRequestHookHandler;
}

/**
 * How the route of a batch is registered: what it answers is counted, and may be explained. Who accepts no
 * answer that there is hears so before any body is read.
 */
export function batchRoute({ pattern, batch, negotiate, mediaTypes }: Omit<Asking, 'read'>): BatchRoute {
  return {
    config: { pattern, ...(batch !== undefined && { batch }), flags: ['explain'] },
    onRequest(request, reply, done) {
      vary(reply, 'Accept');
      if (negotiate(request.headers).length > 0) return done();
      sendNotAcceptable(reply, thereAre(mediaTypes));
    },
  };
}

const thereAre = (mediaTypes: readonly string[]): string => `there are: ${mediaTypes.join(', ')}`;

/** Answers one batch, and counts it. */
export async function answer(
  asking: Asking,
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const counted = request.counted as CountedBatch;
  const exchange = beginExchange(service, receive(service, request, reply), asking, counted);
  try {
    await answerCounted(asking, exchange);
  } catch (error) {
    logUnplanned(exchange, error);
    throw error;
  } finally {
    counted.ends();
  }
  return reply;
}

/** Reads, plans, runs and encodes one batch. */
async function answerCounted(asking: Asking, exchange: Exchange): Promise<void> {
  const { config } = exchange.service;
  const { request, reply, received, work } = exchange;
  if (asking.caching) keepNothing(reply, asking.caching);
  const acceptable = asking.negotiate(request.headers);
  const asked = await asking.read(request, received, work);
  const { plan, origins } = asked;
  const encoding = chosen(acceptable, plan);
  if (!encoding) return sendNotAcceptable(reply, `${acceptable[0]?.refuses?.(plan)}; ${thereAre(asking.mediaTypes)}`);
  if (plan.trace && !encoding.showsReplies)
    throw new BadRequest([
      { pointer: '#/trace', detail: `${encoding.mediaType} shows no replies; allowed with: ${replyTypes.join(', ')}` },
    ]);
  if (origins) {
    const timeoutMs = timeoutOf(plan.timeoutMs, config, request.caller);
    const how = {
      origins,
      taking: encoding,
      caller: new RequestCaller(request),
      timeoutMs,
      limits: config.limits,
      work,
    };
    const bytes = await work.do(endingBy(explanation(plan, how), received + timeoutMs));
    exchange.counted.encoding = json.mediaType;
    reply.type('application/json; charset=utf-8');
    return sendText(reply, new Text().addBytes(bytes), { idleMs: config.limits.streamIdleMs, work });
  }
  const filename = asking.batch === undefined ? plan.filename : fileNameIn(plan.filename, encoding);
  await conduct(exchange, asked, encoding, (running) =>
    sendAnswer(running, filename === plan.filename ? plan : { ...plan, filename }, encoding, reply, asking.caching),
  );
}

/** What a batch would do, as JSON in UTF-8. */
function* explanation(plan: Plan, how: Explaining): Steps<Buffer> {
  return yield* writeBytes(yield* explaining(plan, how), 'relaxed', how.work);
}
