import type { FastifyInstance, FastifyReply } from 'fastify';
import { Pace } from './pace.ts';
import { sendProblem } from './problem.ts';

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
  guard(app: FastifyInstance): void {
    const pace = new Pace(this.#maxInFlight);
    app.addHook('onClose', (_app, done) => {
      pace.stop();
      done();
    });
    app.addHook('onRequest', (request, reply, done) => {
      if (request.method !== 'POST') return done();
      if (this.#draining) return refuse(reply, 'the service is shutting down');
      if (this.#inFlight >= this.#maxInFlight) return refuse(reply, 'too many batches are under way');
      if (!pace.take()) return refuse(reply, 'the service is overloaded');
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
