import { CodapError } from '../../errors.ts';
import type { Query } from '../../store/fetch.ts';
import type { LayerContext, LayerFetch } from '../layer-context.ts';
import type { Payload } from '../../store/payload.ts';
import type { WhenInVain } from '../../store/signals.ts';
import { onceClosed } from '../closing.ts';
import { ask, type CountingLayer, type Layer } from '../layer.ts';
import { FairLine } from '../fair-line.ts';

type Lingers = NonNullable<LayerContext['lingers']>;

/** How many calls of a source may run, and how many may wait for that. */
export interface LimitOptions {
  readonly name: string;
  readonly concurrency: number;
  readonly queue: number;
}

/** So many lists and bodies may be open: a quarter of a source's places is left to what is gathered. */
export function mostFlowing(concurrency: number): number {
  return Math.ceil(0.75 * concurrency);
}

/** Places for all calls of a source. */
interface Limit extends CountingLayer<'limit'> {
  /** Above it, and above all that is scarce: what flows has a place of its own kind first. */
  readonly flowing: Layer;
}

/**
 * At most `concurrency` calls at a time, at most `queue` waiting; beyond that OVERLOADED at once. A body or a
 * list keeps its place until it is closed, however slowly it is read: of these there are fewer, and the rest
 * waits in a line of its own, so that what is gathered always finds a place. `whenInVain` tells when a query
 * need wait no longer; a probe waits on.
 */
export function limit(
  { name, concurrency, queue }: LimitOptions,
  whenInVain: (query: Query) => WhenInVain | undefined = () => undefined,
): Limit {
  const overloaded = (): CodapError =>
    new CodapError('OVERLOADED', 'too many queries wait for this source', { source: name, rejected: true });
  const all = new Places(concurrency, queue, overloaded, whenInVain);
  const flowing = new Places(mostFlowing(concurrency), queue, overloaded, whenInVain);
  return {
    name: 'limit',
    bounds: ({ want }) => ({ concurrency: (want === 'value' ? all : flowing).most, queue }),
    state: () => ({ running: all.running, queued: all.line.length + flowing.line.length, limit: concurrency }),
    wrap: (next) => all.wrap(next),
    flowing: {
      name: 'flowing',
      wrap(next) {
        const open = flowing.wrap(next);
        return (query, context) => (query.want === 'value' ? next : open)(query, context);
      },
    },
  };
}

/**
 * Places for calls. Callers take turns, each one's own calls first come first served, and who has most
 * waiting makes room for others. What lingers in the store after its caller has left keeps its place.
 */
class Places {
  readonly most: number;
  readonly line = new FairLine();
  readonly #queue: number;
  readonly #overloaded: () => CodapError;
  readonly #whenInVain: (query: Query) => WhenInVain | undefined;
  running = 0;

  constructor(
    most: number,
    queue: number,
    overloaded: () => CodapError,
    whenInVain: (query: Query) => WhenInVain | undefined,
  ) {
    this.most = most;
    this.#queue = queue;
    this.#overloaded = overloaded;
    this.#whenInVain = whenInVain;
  }

  wrap(next: LayerFetch): LayerFetch {
    const handOn = (payload: Payload): Payload => onceClosed(payload, this.#leave);
    const fail = (error: unknown): never => {
      this.#leave();
      throw error;
    };
    const run: LayerFetch = (query, context) =>
      ask(next, query, { ...context, lingers: this.#lingersWithin(context.lingers) }).then(handOn, fail);
    return (query, context) => {
      if (this.running < this.most) {
        this.running += 1;
        return run(query, context);
      }
      const { signal, caller, onlooker, probe } = context;
      if (this.line.length >= this.#queue && !this.line.makeRoom(caller.name, this.#overloaded))
        return Promise.reject(this.#overloaded());
      const turn = this.line.wait(signal, caller.name, probe ? undefined : this.#whenInVain(query));
      onlooker?.waits();
      return turn.then(() => {
        onlooker?.goesOn();
        return run(query, context);
      });
    };
  }

  /** Whoever is let in takes the place over. */
  readonly #leave = (): void => {
    if (this.running > this.most || !this.line.letIn()) this.running -= 1;
  };

  /** Takes a place of its own, beyond the last one for the moment until its call ends. */
  readonly #lingers: Lingers = (until) => {
    this.running += 1;
    until.then(this.#leave, this.#leave);
  };

  /** The same in what is around, too. */
  #lingersWithin(around: Lingers | undefined): Lingers {
    if (!around) return this.#lingers;
    return (until) => {
      around(until);
      this.#lingers(until);
    };
  }
}
