import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Bag } from '../ground/bag.ts';
import type { KnownCaller } from '../callers/known-caller.ts';
import type { REASONS } from '../observe/metrics.ts';
import { Pace } from './pace.ts';
import { asksForWork } from './http/asks-for-work.ts';
import { cutAnswer } from './http/cut-connection.ts';
import { sendProblem } from './http/problem.ts';
import { whenClosed } from '../ground/when-closed.ts';

/** Why a batch is not let in, and what its client is told. */
const DETAILS = {
  in_flight: 'too many batches are under way',
  lag: 'the service is overloaded',
  draining: 'the service is shutting down',
} satisfies Partial<Record<(typeof REASONS)[number], string>>;
type Reason = keyof typeof DETAILS;

/**
 * A caller may have so many times as many batches under way as places are free (Choudhury and Hahne, Dynamic
 * Queue Length Thresholds, 1998): alone it has nine tenths of all, and there is always room for another.
 */
const TIMES_FREE = 9;

/** How long a client may take to hear that its batch was ended, in milliseconds. */
export const TAKEN_MS = 50;

/**
 * Lets batches in: at most `maxInFlight` at a time, no more than the event loop's pace allows,
 * none while draining. The others are answered 503 with `Retry-After` at once, before their bodies are read.
 * Everything else always passes, health above all.
 */
export class Admission {
  readonly #maxInFlight: number;
  readonly #idle = Promise.withResolvers<void>();
  readonly #underWay = new Bag<(why: string) => void>();
  readonly #pace = new Pace();
  /** Why no batch is to go on any more. */
  #cutWhy: string | undefined;
  /** Whether an answer under way was cut. */
  #hasCut = false;
  /** Answers under way: of batches, and others, such as a description. */
  readonly #batches = new Bag<ServerResponse>();
  readonly #others = new Bag<ServerResponse>();
  /** Of each caller that has a name. */
  readonly #inFlightOf = new Map<string | undefined, number>();
  #draining = false;

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  /** True once `drain` was called. */
  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Calls `end` with the reason if the batch that is under way has to end with an error, at once where that
   * is so by now; what it returns takes that back.
   */
  readonly whenCut = (end: (why: string) => void): (() => void) => {
    if (this.#cutWhy !== undefined) end(this.#cutWhy);
    return this.#underWay.add(end);
  };

  /**
   * Lets no more batches in; resolves once the last answer under way has left, or its client has: to false if
   * it had to be cut.
   */
  async drain(): Promise<boolean> {
    this.#draining = true;
    this.#rest();
    await this.#idle.promise;
    return !this.#hasCut;
  }

  /**
   * Lets no batch begin any more, and ends the answers that are still under way: batches with an error, and
   * as they are where nobody takes that soon; others as they are at once.
   */
  cut(why: string = DETAILS.draining): void {
    this.#cutWhy = why;
    if (this.#areNone) return;
    this.#hasCut = true;
    for (const end of this.#underWay) end(why);
    for (const answer of this.#others) cutAnswer(answer);
    const leave = (): void => {
      for (const answer of this.#batches) cutAnswer(answer);
    };
    // What has been taken while codap stood still is seen after the timers.
    setTimeout(() => setImmediate(leave), TAKEN_MS).unref();
  }

  /** How much the event loop has lagged at worst in the last ten to twenty seconds, in milliseconds. */
  readonly lagMs = (): number => this.#pace.longestLagMs;

  /** Guards the routes of an app, and counts each batch that is not let in. */
  guard(app: FastifyInstance): void {
    const pace = this.#pace;
    // No earlier: an app that cannot be built is never closed.
    app.addHook('onReady', (done) => {
      pace.start();
      done();
    });
    app.addHook('onClose', (_app, done) => {
      pace.stop();
      done();
    });
    const refusal = ({ name }: KnownCaller): Reason | undefined => {
      if (this.#draining || this.#cutWhy !== undefined) return 'draining';
      if ((this.#inFlightOf.get(name) ?? 0) >= TIMES_FREE * (this.#maxInFlight - this.#batches.size))
        return 'in_flight';
      return pace.allows(this.#batches.size) ? undefined : 'lag';
    };
    const refuse = (reply: FastifyReply, reason: Reason): void => {
      app.metrics.refused.add(reason);
      const detail = (reason === 'draining' && this.#cutWhy) || DETAILS[reason];
      sendProblem(reply, { status: 503, detail, code: 'OVERLOADED', retryable: true });
    };
    app.addHook('onRequest', (request, reply, done) => {
      const reason = asksForWork(request) ? refusal(request.caller) : undefined;
      if (reason === undefined) done();
      else refuse(reply, reason);
    });
    // A place is taken once the body is here: one that drips holds none.
    app.addHook('preValidation', (request, reply, done) => {
      // The client has gone: there would be no event to give a place back.
      if (reply.raw.closed) return;
      if (!asksForWork(request)) {
        const leave = this.#others.add(reply.raw);
        whenClosed(reply.raw, () => {
          leave();
          this.#rest();
        });
        return done();
      }
      const reason = refusal(request.caller);
      if (reason !== undefined) return refuse(reply, reason);
      const leave = this.#enter(request.caller, reply.raw);
      whenClosed(reply.raw, leave);
      done();
    });
    app.addHook('onSend', (_request, reply, _payload, done) => {
      // A client that keeps its connection would hold up the end.
      if (this.#draining) reply.header('connection', 'close');
      if (reply.statusCode === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', '1');
      done();
    });
  }

  /** A batch has its place; what it returns gives it back. */
  #enter({ name }: KnownCaller, answer: ServerResponse): () => void {
    const leave = this.#batches.add(answer);
    if (name !== undefined) this.#inFlightOf.set(name, (this.#inFlightOf.get(name) ?? 0) + 1);
    return () => {
      this.#pace.end();
      leave();
      if (name !== undefined) this.#inFlightOf.set(name, (this.#inFlightOf.get(name) as number) - 1);
      this.#rest();
    };
  }

  get #areNone(): boolean {
    return this.#batches.size === 0 && this.#others.size === 0;
  }

  #rest(): void {
    if (this.#draining && this.#areNone) this.#idle.resolve();
  }
}
