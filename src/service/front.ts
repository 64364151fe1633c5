import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { Bag } from '../ground/bag.ts';
import { TAKEN_MS } from './admission.ts';
import type { Config } from '../config/load.ts';
import { baseApp, type BaseOptions } from './http/base-app.ts';
import { cutAnswer } from './http/cut-connection.ts';
import { boundConnections } from './http/max-connections.ts';
import { whenClosed } from '../ground/when-closed.ts';

/**
 * How long before the grace period ends the answers still under way are told to end with an error, in
 * milliseconds; a quarter of a short one.
 */
const CUT_MS = 500;

/** When that is, in milliseconds from the beginning of a grace period of so many. */
export function cutAfter(graceMs: number): number {
  return graceMs - Math.min(CUT_MS, graceMs / 4);
}

/**
 * How long who is told so has to take that, in milliseconds, in a grace period of so many: also where codap
 * has stood still and the period is over.
 */
export function takenIn(graceMs: number): number {
  return Math.min(TAKEN_MS, (graceMs - cutAfter(graceMs)) / 2);
}

/** What answers requests; without batches there is nothing to drain, or to cut before its time. */
export interface Answering extends Pick<FastifyInstance, 'routing' | 'close'> {
  /**
   * Readiness fails from now on and no batch is let in; resolves once the last answer under way has left: to
   * false if it had to be cut. Then `close()`.
   */
  readonly drain?: () => Promise<boolean>;
  /**
   * Ends the answers that are still under way with an error: the last frame of a stream, a problem, or a
   * broken connection. `why`, by default that the service is shutting down, is told there.
   */
  readonly cut?: (why?: string) => void;
}

/** A service as one configuration has it. */
export interface Edition {
  readonly config: Pick<Config, 'limits' | 'server'>;
  /** Is ready, and listens nowhere. */
  readonly app: Answering;
  /** Counts a connection that was closed as it came. */
  readonly refused?: () => void;
  /** Closes the app, and what it used; by default the app alone. */
  readonly close?: () => PromiseLike<void>;
}

/** What listens: editions of a service answer there one after the other, and its connections stay. */
export class Front {
  /** Takes the connections; it has no routes. */
  readonly app: FastifyInstance;
  #current: Shift;
  readonly #shifts = new Set<Shift>();
  #ending = false;

  constructor(first: Edition, options: Pick<BaseOptions, 'logger' | 'requestMs'> = {}) {
    this.#current = this.#begin(first);
    this.app = baseApp(first.config, options);
    const { server } = this.app;
    server.removeAllListeners('request');
    server.on('request', (request, response) => this.#current.take(request, response));
    boundConnections(
      server,
      () => this.config.server.maxConnections,
      () => this.#current.edition.refused?.(),
    );
  }

  get server(): FastifyInstance['server'] {
    return this.app.server;
  }

  /** The answers under way. */
  get answers(): readonly ServerResponse[] {
    return Array.from(this.#shifts).flatMap(({ answers }) => Array.from(answers));
  }

  /** The configuration that requests are answered by. */
  get config(): Edition['config'] {
    return this.#current.edition.config;
  }

  /**
   * From this moment on another edition answers, unless the service ends. Resolves once the one before has
   * finished what it had begun, for which it has `graceMs`, and is closed.
   */
  async turnTo(next: Edition): Promise<void> {
    const shift = this.#begin(next);
    const over = this.#ending ? shift : this.#current;
    if (!this.#ending) this.#current = shift;
    const { server } = this.app;
    // Connections that are there keep what they have agreed on.
    if (server instanceof TlsServer && next.config.server.tls) server.setSecureContext(next.config.server.tls);
    await over.finish(this.config.server.graceMs);
    await over.close();
    this.#shifts.delete(over);
  }

  /** Lets no more batches in; resolves once the last answer has left: to false if one had to be cut. */
  async drain(): Promise<boolean> {
    this.#ending = true;
    const whole = await Promise.all(
      Array.from(this.#shifts, ({ edition }) => edition.app.drain?.() ?? Promise.resolve(true)),
    );
    return !whole.includes(false);
  }

  /** Ends the answers that are still under way with an error. */
  cut(): void {
    for (const { edition } of this.#shifts) edition.app.cut?.();
  }

  /** Closes the connections and all editions. */
  async close(): Promise<void> {
    await this.app.close();
    await Promise.all(Array.from(this.#shifts, (shift) => shift.close()));
  }

  #begin(edition: Edition): Shift {
    const shift = new Shift(edition);
    this.#shifts.add(shift);
    return shift;
  }
}

/** An edition from its first request to its last answer. */
class Shift {
  readonly edition: Edition;
  readonly answers = new Bag<ServerResponse>();
  #finished: (() => void) | undefined;

  constructor(edition: Edition) {
    this.edition = edition;
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    const leave = this.answers.add(response);
    whenClosed(response, () => {
      leave();
      if (this.answers.size === 0) this.#finished?.();
    });
    this.edition.app.routing(request, response);
  }

  /** Resolves once its last answer has left; after so many milliseconds those that are left are cut. */
  async finish(ms: number): Promise<void> {
    if (this.answers.size === 0) return;
    const finished = new Promise<void>((resolve) => (this.#finished = resolve));
    const { app } = this.edition;
    const leave = (): void => {
      for (const answer of this.answers) cutAnswer(answer);
    };
    const began = performance.now();
    let timer = setTimeout(() => {
      const left = Math.max(ms - (performance.now() - began), takenIn(ms));
      // What has been taken while codap stood still is seen after the timers.
      timer = setTimeout(() => setImmediate(leave), left);
      app.cut?.('the service has a new configuration');
    }, cutAfter(ms));
    await finished;
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    const { app, close = () => app.close() } = this.edition;
    await close();
  }
}
