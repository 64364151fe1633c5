import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { Query } from '../../src/store/fetch.ts';
import type { LayerContext, LayerFetch } from '../../src/sources/layer-context.ts';
import type { Payload } from '../../src/store/payload.ts';
import { TypedValue } from '../../src/store/typed-value.ts';

/** How an answer goes on after its parts: it ends, it fails, or nothing more comes. */
export type Ending = 'ends' | 'stalls' | Error;

/** One call that has reached the store. */
export interface Reached {
  readonly query: Query;
  readonly context: LayerContext;
  /** Answers it, in the way that it was asked, with these parts; a value has one. */
  readonly answer: (parts: readonly string[], ending?: Ending) => void;
  readonly fail: (error: unknown) => void;
}

/** A store without a store: each call waits until a test answers it, and ends when its signal aborts. */
export class FakeStore {
  readonly calls: Reached[] = [];
  /** Lists and bodies that are open. */
  open = 0;
  /** What it does itself when a signal aborts. */
  readonly onAborts = new Set<unknown>();

  readonly fetch: LayerFetch = (query, context) => {
    const { signal } = context;
    const { promise, resolve, reject } = Promise.withResolvers<Payload>();
    if (signal.aborted) reject(signal.reason);
    this.#onAbort(signal, reject);
    this.calls.push({
      query,
      context,
      answer: (parts, ending = 'ends') => resolve(this.#payload(query.want, parts, ending, signal)),
      fail: reject,
    });
    return promise;
  };

  #payload(want: Payload['kind'], parts: readonly string[], ending: Ending, signal: AbortSignal): Payload {
    if (want === 'value') return new TypedValue(parts[0]);
    this.open += 1;
    const flow = this.#flow(parts, ending, signal);
    if (want === 'items') return { kind: 'items', items: flow };
    const stream = Readable.from(flow, { objectMode: true, highWaterMark: 1 });
    this.#onAbort(signal, (reason) => stream.destroy(reason));
    return { kind: 'body', stream, meta: { size: parts.join('').length } };
  }

  #onAbort(signal: AbortSignal, abort: (reason: Error) => void): void {
    const listener = (): void => abort(signal.reason as Error);
    this.onAborts.add(listener);
    signal.addEventListener('abort', listener, { once: true });
  }

  #flow(parts: readonly string[], ending: Ending, signal: AbortSignal): AsyncIterableIterator<string[]> {
    const left = [...parts];
    let open = true;
    const close = (): void => {
      if (open) this.open -= 1;
      open = false;
    };
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    aborted.catch(close);
    this.#onAbort(signal, reject);
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next() {
        const part = left.shift();
        if (part !== undefined) return Promise.resolve({ done: false, value: [part] });
        if (ending === 'stalls') return aborted;
        close();
        return ending === 'ends' ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(ending);
      },
      return() {
        close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}

/** Reads an answer to its end; `parts` has what came, also where it fails. */
export async function read(payload: Payload, parts: string[] = []): Promise<string[]> {
  if (payload.kind === 'value') parts.push(JSON.parse(payload.json) as string);
  else
    for await (const batch of payload.kind === 'items' ? payload.items : payload.stream)
      parts.push(...(batch as Iterable<string>));
  return parts;
}

/** Leaves a list or body that nobody reads any further. */
export async function leave(payload: Payload): Promise<void> {
  if (payload.kind === 'items') await payload.items[Symbol.asyncIterator]().return?.();
  if (payload.kind === 'body' && !payload.stream.closed) await once(payload.stream.destroy(), 'close');
}
