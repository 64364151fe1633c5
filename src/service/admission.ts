import type { FastifyInstance, FastifyReply } from 'fastify';
import { Pace } from './pace.ts';
import { sendProblem } from './http/problem.ts';

/**
 * Lets batches in (every POST): at most `maxInFlight` at a time, no more than the event loop's pace allows,
 * none while draining. The others are answered 503 with `Retry-After` at once, before their bodies are read.
 * Everything else always passes, health above all.
 */
export class Admission {
  readonly #maxInFlight: number;
  readonly #idle = Promise.withResolvers<void>();
  readonly #underWay = new Set<() => void>();
  #isCut = false;
  #inFlight = 0;
  #draining = false;

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  /** True once `drain` was called. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Calls `end` if the batch that is under way has to end with an error; what it returns takes that back. */
  readonly whenCut = (end: () => void): (() => void) => {
    this.#underWay.add(end);
    return () => this.#underWay.delete(end);
  };

  /**
   * Lets no more batches in; resolves once the last answer under way has left, or its client has: to false if
   * it had to be cut.
   */
  async drain(): Promise<boolean> {
    this.#draining = true;
    if (this.#inFlight === 0) this.#idle.resolve();
    await this.#idle.promise;
    return !this.#isCut;
  }

  /** Ends the batches that are still under way. */
  cut(): void {
    if (this.#inFlight === 0) return;
    this.#isCut = true;
    for (const end of this.#underWay) end();
  }

  /** Guards the routes of an app. */
  guard(app: FastifyInstance): void {
    const pace = new Pace(this.#maxInFlight);
    app.addHook('onClose', (_app, done) => {
      pace.stop();
      done();
    });
    const refusal = (): string | undefined => {
      if (this.#inFlight >= this.#maxInFlight) return 'too many batches are under way';
      return pace.allows() ? undefined : 'the service is overloaded';
    };
    app.addHook('onRequest', (request, reply, done) => {
      // While draining the body is read first: a connection that closes on one that is still coming would be
      // reset, and the answer lost.
      const detail = request.method === 'POST' && !this.#draining ? refusal() : undefined;
      if (detail === undefined) done();
      else refuse(reply, detail);
    });
    // A place is taken once the body is here: one that drips holds none.
    app.addHook('preValidation', (request, reply, done) => {
      if (request.method !== 'POST') return done();
      // The client has gone: there would be no event to give a place back.
      if (reply.raw.closed) return;
      const detail = this.#draining ? 'the service is shutting down' : refusal();
      if (detail !== undefined) return refuse(reply, detail);
      pace.take();
      this.#inFlight += 1;
      reply.raw.once('close', () => this.#leave());
      done();
    });
    app.addHook('onSend', (_request, reply, _payload, done) => {
      // A client that keeps its connection would hold up the end.
      if (this.#draining) reply.header('connection', 'close');
      if (reply.statusCode === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', '1');
      done();
    });
  }

  #leave(): void {
    this.#inFlight -= 1;
    if (this.#draining && this.#inFlight === 0) this.#idle.resolve();
  }
}

function refuse(reply: FastifyReply, detail: string): void {
  sendProblem(reply, { status: 503, title: 'Service Unavailable', detail, code: 'OVERLOADED', retryable: true });
}
