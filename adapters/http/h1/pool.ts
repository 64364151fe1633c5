import { errors } from 'undici';
import { atInstant } from '../../../src/ground/at-instant.ts';
import { keepChanged } from '../../../src/ground/kept-shapes.ts';
import type { Connections } from '../connections.ts';
import type { Keeper, Taker } from './taker.ts';
import { H1Connection } from './connection.ts';
import { type Connect, connector } from './sockets.ts';

/**
 * Milliseconds between two looks for connections that nobody has used for long. How long that is, is told in
 * looks: to ask for the time with every request is dear on some machines.
 */
const LOOK_MS = 500;

/**
 * Milliseconds in which what is left of an answer that nobody reads is let pass while requests wait for a
 * connection: what is short has come long before, and to open another each time costs the store more.
 */
export const HURRIED_MS = 50;

/**
 * The connections to one store, each found at once. The one used last is used first, so that what a burst has
 * opened falls idle, and is closed. Speaks HTTP/1.1 itself, for small answers that are gathered: undici's
 * queue, parser, controller and timers took half of what such a call costs (docs/architecture.md).
 */
export class Pool implements Keeper<H1Connection>, AsyncDisposable {
  readonly #connect: Connect;
  readonly #most: number;
  readonly #mostHead: number;
  /** Requests that a connection carries at a time. */
  readonly #pipelining: number;
  readonly #all = new Set<H1Connection>();
  /** Those that can carry another request. */
  readonly #open: H1Connection[] = [];
  /** Those that have just become free. */
  #resting: H1Connection[] = [];
  /** Those that have something to send. */
  #filled: H1Connection[] = [];
  readonly #waiting: Taker[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Set while requests wait, and nothing is being closed for them. */
  #hurry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(origin: URL, { connections, connector: by, maxHeaderSize }: Connections, pipelining = 1) {
    this.#most = connections;
    this.#mostHead = maxHeaderSize ?? 16_384;
    this.#pipelining = pipelining;
    this.#connect = connector(origin, by);
  }

  /** Sends a request, in a moment, by a connection that can carry one, or once there is one. */
  send(call: Taker): void {
    if (this.#isClosed) return call.onFailure(new errors.ClientDestroyedError());
    const connection = this.#take() ?? this.#more();
    if (connection) return this.#give(connection, call);
    this.#waiting.push(call);
    if (!this.#hurry) this.#makeRoom();
  }

  /** Cuts, for those that wait, what has brought for long what nobody reads; looks again when more may be. */
  #makeRoom(): void {
    this.#hurry = undefined;
    const now = performance.now();
    const all = [...this.#all];
    const coming = this.#resting.length + all.filter((one) => !one.isGoing).length;
    let wanted = this.#waiting.filter((call) => !call.isOver).length - coming;
    let next = now + HURRIED_MS;
    for (const one of all) {
      const due = (one.droppingSince ?? Infinity) + HURRIED_MS;
      if (due > now) next = Math.min(next, due);
      else if (wanted > 0) {
        wanted -= 1;
        one.cut();
      }
    }
    // What came while the event loop was held up is read first.
    const look = (): void => void setImmediate(() => this.#makeRoom());
    if (wanted > 0) this.#hurry = atInstant(next, look, now).unref();
  }

  #give(connection: H1Connection, call: Taker): void {
    connection.add(call);
    connection.isListed = connection.load < this.#pipelining;
    if (connection.isListed) this.#open.push(connection);
    if (this.#filled.push(connection) === 1) setImmediate(() => this.#flush());
  }

  /**
   * It rests for a turn of the event loop, in which is seen whether the store closes it: some do without
   * having said so.
   */
  onFree(connection: H1Connection): void {
    if (connection.isListed || !connection.isOpen) return;
    connection.isListed = true;
    if (this.#resting.push(connection) === 1) setImmediate(() => this.#goOn());
  }

  onClosed(connection: H1Connection, left: Taker[]): void {
    this.#all.delete(connection);
    const at = this.#open.indexOf(connection);
    if (at >= 0) this.#open.splice(at, 1);
    // Others may be as stale as this was: by a new one, the first is sent anew but once. Those pipelined
    // behind it go by any, and are sent as often as they stand behind one that is lost.
    const fresh = left.length > 0 ? this.#more() : undefined;
    if (fresh) this.#give(fresh, left.shift() as Taker);
    for (const call of left) this.send(call);
    this.#sendWaiting();
  }

  /** One that can carry another request, but not behind what nobody reads: it is free again after that. */
  #take(): H1Connection | undefined {
    let one = this.#open.pop();
    while (one && (!one.isOpen || one.droppingSince !== undefined)) {
      one.isListed = false;
      one = this.#open.pop();
    }
    return one;
  }

  /** One more connection, where there may be one. */
  #more(): H1Connection | undefined {
    if (this.#all.size >= this.#most) return undefined;
    const connection = new H1Connection(this.#connect, this, this.#mostHead);
    this.#all.add(connection);
    this.#timer ??= setTimeout(() => this.#look(), LOOK_MS).unref();
    return connection;
  }

  /** Closes what nobody has used for long: one timer looks after all of them. */
  #look(): void {
    for (const one of this.#all) one.look(LOOK_MS);
    if (this.#all.size > 0) this.#timer?.refresh();
    else this.#timer = undefined;
  }

  #flush(): void {
    const filled = this.#filled;
    this.#filled = [];
    for (const one of filled) one.flush();
  }

  #goOn(): void {
    for (const one of this.#resting) if (one.isOpen) this.#open.push(one);
    this.#resting = [];
    this.#sendWaiting();
  }

  /** The first that waits leaves the line only for a connection that takes it: no later one overtakes it. */
  #sendWaiting(): void {
    while (this.#waiting.length > 0) {
      if (!this.#waiting[0]?.isOver) {
        const connection = this.#take() ?? this.#more();
        if (!connection) break;
        this.#give(connection, this.#waiting[0] as Taker);
      }
      this.#waiting.shift();
    }
    if (this.#waiting.length > 0 && !this.#hurry) this.#makeRoom();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#hurry);
    const error = new errors.ClientDestroyedError();
    for (const call of this.#waiting.splice(0)) call.onFailure(error);
    await Promise.all([...this.#all].map((connection) => connection.destroy(error)));
  }
}

const cut = new H1Connection(() => {}, { onFree() {}, onClosed() {} }, 0);
cut.cut();
keepChanged(cut);
