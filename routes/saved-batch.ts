import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readBody } from '../src/batch/plan/read-body.ts';
import { endingBy } from '../src/budget/work.ts';
import type { Config } from '../src/config/load.ts';
import type { Encoding } from '../src/encodings/encoding.ts';
import { chosen, encodings, negotiating } from '../src/encodings/index.ts';
import { PAGE } from '../src/encodings/media-types.ts';
import { askedBy } from '../src/saved/asked.ts';
import { answer, batchRoute } from '../src/service/batches/answer-batch.ts';
import { type Asking, isExplained } from '../src/service/batches/asking.ts';
import { timeoutOf } from '../src/service/batches/batch-time.ts';
import type { Service } from '../src/service/batches/service.ts';
import { CREDENTIALS } from '../src/service/http/identify.ts';
import { comesBack, sendNoMore } from '../src/service/http/event-source.ts';
import { mayExplain, type SavedBatch } from '../src/saved/saved-batch.ts';

/**
 * `GET`, `HEAD` and `POST /batches/{name}`, each also with an ending that says what it is answered in, for a
 * link cannot set `Accept`.
 */
export function savedBatchRoutes(app: FastifyInstance, service: Service, saved: SavedBatch): void {
  const { name, params } = saved;
  const byEnding = new Map<string, Negotiate>([
    ['', negotiating(saved.encodings)],
    // Where there is no page that is refused, as any other ending that does not fit.
    [`.${PAGE.extension}`, () => []],
  ]);
  for (const encoding of [...encodings, ...saved.encodings]) byEnding.set(`.${encoding.extension}`, () => [encoding]);
  for (const [ending, negotiate] of byEnding) {
    const url = `/batches/${name}${ending}`;
    const gotten = asGotten(saved, negotiate, service.knowsCallers);
    const posted = asPosted(saved, negotiate, service.config);
    const { config: counted, onRequest } = batchRoute(gotten);
    const config = { ...counted, ...thereFor(saved) };
    app.route({
      method: ['GET', 'HEAD'],
      url,
      onRequest,
      config: { ...config, parameters: params, answersIn: (headers) => chosen(negotiate(headers), saved.plan) },
      handler: (request, reply) => get(gotten, service, request, reply),
    });
    app.post(url, { config: { ...config, isBodyOptional: true }, onRequest }, (request, reply) =>
      answer(posted, service, request, reply),
    );
  }
}

/** Which callers find it, and what for. */
function thereFor(saved: SavedBatch): FastifyContextConfig {
  return {
    isThereFor: ({ batches }) => batches.has(saved.name),
    flags: (caller) => (mayExplain(saved, caller) ? ['explain'] : []),
  };
}

type Negotiate = (headers: FastifyRequest['headers']) => readonly Encoding[];

function get(asking: Asking, service: Service, request: FastifyRequest, reply: FastifyReply): unknown {
  if (comesBack(request)) return sendNoMore(reply);
  return answer(asking, service, request, reply);
}

function base({ name, plan, encodings: own }: SavedBatch, negotiate: Negotiate): Omit<Asking, 'read'> {
  return { pattern: plan.root.pattern, batch: name, mediaTypes: own.map(({ mediaType }) => mediaType), negotiate };
}

/** Its parameters stand in the URL, where they have been checked. */
function asGotten(saved: SavedBatch, negotiate: Negotiate, knowsCallers: boolean): Asking {
  const { plan, origins, maxAgeSeconds, forwards } = saved;
  return {
    ...base(saved, negotiate),
    caching: { maxAgeSeconds, dependsOn: [...forwards, ...(knowsCallers || plan.namesCaller ? CREDENTIALS : [])] },
    read: (request) => ({
      plan,
      params: request.urlValues,
      origins: isExplained(request) ? origins : undefined,
    }),
  };
}

/** Its parameters stand in the body: reading them takes a part of the batch's time. */
function asPosted(saved: SavedBatch, negotiate: Negotiate, config: Config): Asking {
  return {
    ...base(saved, negotiate),
    async read(request, received, work) {
      const by = received + timeoutOf(saved.plan.timeoutMs, config, request.caller);
      const body = await work.do(endingBy(readBody(request.body as Buffer, config.limits, work), by));
      const asked = await work.do(endingBy(askedBy(body, saved, work), by));
      return { ...asked, origins: isExplained(request) ? saved.origins : undefined };
    },
  };
}
