import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Document, serialize } from 'bson';
import type { AllStats, Embedded, EmbeddedOptions, Store } from './embedded.ts';
import type { Rule } from './faults.ts';
import type { StoredOptions } from './s3/stored.ts';
import type { Request, Response } from './worker.ts';

/** How to start the stores: on free ports and with the sample data of `demo/data.ts`, unless told. */
export interface StoresOptions {
  ports?: Partial<Record<Store, number>>;
  data?: boolean;
}

/** The embedded stores, running in one worker thread and listening on 127.0.0.1. */
export interface Stores {
  readonly mongoUrl: string;
  readonly s3Endpoint: string;
  /** Without a slash at its end. */
  readonly restUrl: string;
  readonly ports: Readonly<Record<Store, number>>;
  /** Lets a fault befall answers; the function it resolves to takes it away again. */
  addFault(rule: Rule): Promise<() => Promise<void>>;
  clearFaults(): Promise<void>;
  stats(): Promise<AllStats>;
  /** Adds documents to a collection; every BSON type survives. */
  load(database: string, collection: string, documents: readonly Document[]): Promise<void>;
  /** Puts an object, and makes its bucket if need be. */
  putObject(bucket: string, key: string, body: Uint8Array | string, options?: StoredOptions): Promise<void>;
  /** Puts an object of so many bytes that are made up while it is read (see `demo/synthetic.ts`). */
  putSynthetic(bucket: string, key: string, size: number, options?: StoredOptions): Promise<void>;
  /** Takes a store down: its connections are dropped, its port is closed. */
  stop(store: Store): Promise<void>;
  /**
   * Brings it up again on the same port, with everything that was loaded or put; Mongo's counts begin anew.
   */
  start(store: Store): Promise<void>;
  /** Ends the worker thread and every store in it. */
  close(): Promise<void>;
}

type Method = {
  [Name in keyof Embedded]: Embedded[Name] extends (...args: never[]) => unknown ? Name : never;
}[keyof Embedded];

/** Starts all stores of the demo. Rejects if a port is taken. */
export async function startStores({ ports, data = true }: StoresOptions = {}): Promise<Stores> {
  const workerData: EmbeddedOptions = { ports: { mongo: 0, s3: 0, rest: 0, ...ports }, data };
  // The worker is TypeScript where this file is, and JavaScript once both are compiled.
  const entry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
  const worker = new Worker(entry, { workerData, execArgv: [] });
  const [bound] = (await once(worker, 'message')) as [Record<Store, number>];

  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastCall = 0;
  let closed: Error | undefined;
  worker.on('message', (response: Response) => {
    const caller = waiting.get(response.id);
    waiting.delete(response.id);
    if ('error' in response) caller?.reject(response.error);
    else caller?.resolve(response.value);
  });
  const fail = (error: Error) => {
    closed ??= error;
    for (const { reject } of waiting.values()) reject(closed);
    waiting.clear();
  };
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('The stores are closed')));

  function call<M extends Method>(method: M, ...args: Parameters<Embedded[M]>) {
    if (closed) return Promise.reject(closed);
    const caller = Promise.withResolvers<unknown>();
    lastCall += 1;
    waiting.set(lastCall, caller);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin
    worker.postMessage({ id: lastCall, method, args } satisfies Request);
    return caller.promise as Promise<Awaited<ReturnType<Embedded[M]>>>;
  }

  return {
    mongoUrl: `mongodb://127.0.0.1:${bound.mongo}`,
    s3Endpoint: `http://127.0.0.1:${bound.s3}`,
    restUrl: `http://127.0.0.1:${bound.rest}`,
    ports: bound,
    async addFault(rule) {
      const id = await call('addFault', rule);
      return () => call('removeFault', id);
    },
    clearFaults: () => call('clearFaults'),
    stats: () => call('stats'),
    load: (database, collection, documents) =>
      call(
        'load',
        database,
        collection,
        documents.map((document) => serialize(document)),
      ),
    putObject: (...args) => call('putObject', ...args),
    putSynthetic: (...args) => call('putSynthetic', ...args),
    stop: (store) => call('stop', store),
    start: (store) => call('start', store),
    async close() {
      await worker.terminate();
    },
  };
}
