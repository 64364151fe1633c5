import { fastifyUnderPressure } from '@fastify/under-pressure';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { sendProblem } from './problem.ts';

/** The event loop's lag above which no batch is let in, in milliseconds; a mean over `LAG_WINDOW_MS`, so that one pause alone refuses nothing. */
const MAX_LAG_MS = 100;
const LAG_WINDOW_MS = 500;

/**
 * Lets batches in (every POST) before their bodies are read: at most `maxInFlight` at a time, none while the event loop lags, none while draining.
 * The others are answered 503 with `Retry-After` at once. Everything else always passes, health above all.
 */
export class Admission {
  readonly #maxInFlight: number;
  readonly #idle = Promise.withResolvers<void>();
  #inFlight = 0;
  #draining = false;

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  /** True once `drain` was called. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Lets no more batches in; resolves once the last answer under way has left, or its client has. */
  drain(): Promise<void> {
    this.#draining = true;
    if (this.#inFlight === 0) this.#idle.resolve();
    return this.#idle.promise;
  }

  /** Guards the routes of an app. */
  async guard(app: FastifyInstance): Promise<void> {
    await app.register(fastifyUnderPressure, {
      maxEventLoopDelay: MAX_LAG_MS,
      sampleInterval: LAG_WINDOW_MS,
      pressureHandler: () => {},
    });
    app.addHook('onRequest', (request, reply, done) => {
      if (request.method !== 'POST') return done();
      if (this.#draining) return refuse(reply, 'the service is shutting down');
      if (app.isUnderPressure()) return refuse(reply, 'the service is overloaded');
      if (this.#inFlight >= this.#maxInFlight) return refuse(reply, 'too many batches are under way');
      this.#inFlight += 1;
      reply.raw.once('close', () => this.#leave());
      done();
    });
    app.addHook('onSend', (_request, reply, _payload, done) => {
      // A client that keeps its connection would hold up the end.
      if (this.#draining) reply.header('connection', 'close');
      done();
    });
  }

  #leave(): void {
    this.#inFlight -= 1;
    if (this.#draining && this.#inFlight === 0) this.#idle.resolve();
  }
}

function refuse(reply: FastifyReply, detail: string): void {
  reply.header('retry-after', '1');
  sendProblem(reply, { status: 503, title: 'Service Unavailable', detail, code: 'OVERLOADED', retryable: true });
}
