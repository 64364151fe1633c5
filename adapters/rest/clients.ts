import { buildConnector, Client, errors, type Dispatcher, type Pool } from 'undici';

/** Who takes an answer. It frees its lane once that answer has ended or failed. */
export interface Taker extends Omit<Dispatcher.DispatchHandler, 'onResponseError'> {
  /** What carries its request; set before that is sent. */
  lane: Lane | undefined;
  /** Nobody waits for the answer any more. */
  readonly isOver: boolean;
  onResponseError(controller: Dispatcher.DispatchController | undefined, error: Error): void;
}

/** One connection, opened when it is needed, and how many requests it has under way. */
export interface Lane {
  readonly client: Client;
  underWay: number;
}

/** A request for which there is no connection yet. */
interface Waiting {
  readonly request: Dispatcher.DispatchOptions;
  readonly taker: Taker;
}

/**
 * The connections to one store, each found at once: undici's Pool looks through all of its own for a free
 * one. The one used last is used first, so that what a burst has opened falls idle, and is closed.
 */
export class Clients implements AsyncDisposable {
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #most: number;
  /** Requests that a connection carries at a time. */
  readonly #pipelining: number;
  readonly #lanes = new Set<Lane>();
  /** Those that can carry another request. */
  readonly #open: Lane[] = [];
  /** Those that have just become free. */
  #resting: Lane[] = [];
  readonly #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(origin: string, { connections, connect, ...options }: Pool.Options, pipelining = 1) {
    this.#origin = origin;
    this.#most = connections ?? Infinity;
    this.#pipelining = pipelining;
    // One for all of them, because it keeps the sessions of TLS.
    const connector = buildConnector({ allowH2: false, ...(connect as buildConnector.BuildOptions) });
    this.#options = { ...options, connect: connector, pipelining };
  }

  /** Sends a request by a connection that can carry one, or once there is one. */
  send(request: Dispatcher.DispatchOptions, taker: Taker): void {
    if (this.#isClosed) return refuse(taker);
    const lane = this.#open[this.#open.length - 1] ?? this.#more();
    if (!lane) return void this.#waiting.push({ request, taker });
    lane.underWay += 1;
    if (lane.underWay === this.#pipelining) this.#open.pop();
    taker.lane = lane;
    lane.client.dispatch(request, taker);
  }

  /**
   * A request of this lane's has ended. It rests for a turn of the event loop, in which is seen whether the
   * store closes it: some do without having said so. After a failure it is the last choice, because it may be
   * closed.
   */
  free(lane: Lane, failed: boolean): void {
    lane.underWay -= 1;
    if (lane.underWay !== this.#pipelining - 1) return;
    if (failed) this.#open.unshift(lane);
    else this.#resting.push(lane);
    if (this.#resting.length + Number(failed) === 1) setImmediate(() => this.#goOn());
  }

  #goOn(): void {
    for (const lane of this.#resting) if (this.#lanes.has(lane)) this.#open.push(lane);
    this.#resting = [];
    while (this.#waiting.length > 0 && this.#open.length > 0) {
      const { request, taker } = this.#waiting.shift() as Waiting;
      if (!taker.isOver) this.send(request, taker);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const { taker } of this.#waiting.splice(0)) refuse(taker);
    await Promise.all([...this.#lanes].map(({ client }) => client.destroy()));
  }

  /** One more connection, where there may be one. */
  #more(): Lane | undefined {
    if (this.#lanes.size >= this.#most) return undefined;
    const lane: Lane = { client: new Client(this.#origin, this.#options), underWay: 0 };
    // Closed while nobody used it, or never opened, it is forgotten.
    const closed = (): void => {
      if (lane.underWay > 0) return;
      this.#lanes.delete(lane);
      const at = this.#open.indexOf(lane);
      if (at >= 0) this.#open.splice(at, 1);
    };
    lane.client.on('disconnect', closed).on('connectionError', closed);
    this.#lanes.add(lane);
    this.#open.push(lane);
    return lane;
  }
}

function refuse(taker: Taker): void {
  taker.onResponseError(undefined, new errors.ClientDestroyedError());
}
