import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Pattern } from '../../batch/plan/node.ts';
import type { Batch } from '../../batch/run/batch.ts';
import { PROBLEM } from '../../encodings/media-types.ts';
import { CODES } from '../../errors.ts';
import type { Outcome } from '../../observe/metrics.ts';
import { wasCut } from './cut-idle.ts';
import { comesBack } from './event-source.ts';
import { bytesSent } from './sent-bytes.ts';
import { whenClosed } from '../../ground/when-closed.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The pattern of the batches that a route answers. */
    pattern?: Pattern;
    /** The name of the saved batch that it answers. */
    batch?: string;
  }
  interface FastifyRequest {
    /** What is known of the batch that it is. */
    counted: CountedBatch | undefined;
  }
}

/**
 * Whether what a batch came to could not be answered as was asked: in what was accepted (406), or as the
 * answer that the request is bound to (412).
 */
export function isRefusal(status: number): boolean {
  return status === 406 || status === 412;
}

/** A batch, counted once both its answer has left, or its client, and its handler has ended. */
export class CountedBatch {
  /** Once it runs. */
  batch: Pick<Batch, 'decidedBy'> | undefined;
  /** The media type that was chosen for its answer. */
  encoding: string | undefined;
  complete = false;
  /** The HTTP status of what came of it, where that of its answer does not tell. */
  status: number | undefined;
  #began = performance.now();
  #waitingFor = 1;
  readonly #count: () => void;

  constructor(count: () => void) {
    this.#count = count;
  }

  /** Its body is here since then, an instant, and its handler begins. */
  begins(received: number): void {
    this.#began = received;
    this.#waitingFor += 1;
  }

  /** Its handler, or its answer, has ended. */
  readonly ends = (): void => {
    this.#waitingFor -= 1;
    if (this.#waitingFor === 0) this.#count();
  };

  /** Milliseconds since its body was here; where none was read, since its head. */
  get ms(): number {
    return performance.now() - this.#began;
  }

  /** What became of it. */
  outcome({ request, raw: { writableFinished, headersSent, statusCode } }: FastifyReply): Outcome {
    if (this.batch?.decidedBy) return 'failed';
    // A request that could not be read was answered, though not by what answers others.
    const isUnread = !this.batch && !headersSent && statusCode >= 400;
    if (!writableFinished && !isUnread) return wasCut(request.raw.socket) ? 'failed' : 'cancelled';
    const status = this.status ?? statusCode;
    if (this.batch && !isRefusal(status)) return this.complete ? 'complete' : 'incomplete';
    if (status < 300) return 'explained';
    if (status === 503) return 'refused';
    return status < 500 ? 'invalid' : 'failed';
  }

  /** The HTTP status of what failed it, whatever was sent before that. */
  failedWith({ raw: { statusCode } }: FastifyReply): number {
    const status = this.batch?.decidedBy?.error.http ?? this.status ?? statusCode;
    // One that was cut since its client took nothing is too late.
    return status < 400 ? CODES.TIMEOUT.http : status;
  }
}

/** Counts every request for a batch that is there for its caller, and what is sent as its answer. */
export function countBatches(app: FastifyInstance): void {
  app.decorateRequest('counted', undefined);
  app.addHook('onRequest', (request, reply, done) => {
    const { pattern, batch = '', isThereFor } = request.routeOptions.config;
    const isThere = isThereFor?.(request.caller) ?? true;
    if (pattern !== undefined && isThere && !comesBack(request))
      request.counted = countBatch(request, reply, [pattern, batch]);
    done();
  });
}

/** Counts a request for one batch, by its pattern and the name of a saved one. */
export function countBatch(
  request: FastifyRequest,
  reply: FastifyReply,
  [pattern, batch]: readonly [Pattern, string],
): CountedBatch {
  const { metrics } = request.server;
  const counted = new CountedBatch(() => {
    const outcome = counted.outcome(reply);
    metrics.batch(pattern, batch, outcome, request.caller.name ?? '', counted.ms);
    if (outcome === 'failed') metrics.failed.add(String(counted.failedWith(reply)));
    const type = reply.raw.statusCode < 400 ? (counted.encoding ?? PROBLEM) : PROBLEM;
    metrics.sent.add(type, bytesSent(reply.raw));
  });
  whenClosed(reply.raw, counted.ends);
  return counted;
}
