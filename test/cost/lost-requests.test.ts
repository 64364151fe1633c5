import { Readable } from 'node:stream';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { request } from 'undici';
import { z } from 'zod';
import { buildApp } from '../../src/service/app.ts';
import { mediaTypes } from '../../src/encodings/index.ts';
import type { Fetch } from '../../src/store/fetch.ts';
import { createLogger, Secrets } from '../../src/service/log.ts';
import type { Items, Payload, Value } from '../../src/store/payload.ts';
import { callOf } from '../../src/sources/call.ts';
import { stack } from '../../src/sources/layer.ts';
import { limit } from '../../src/sources/layers/limit.ts';
import { DurationsBy } from '../../src/budget/durations.ts';
import { prime } from '../../src/sources/layers/prime.ts';
import { timeout } from '../../src/sources/layers/timeout.ts';
import type { Source } from '../../src/sources/open.ts';
import { isBusy } from '../service.ts';
import { parseConfig } from '../configured.ts';

/** What only the log may say. */
const SAID = 'injected: the password is hunter2';
const DEADLINE_MS = 250;

const THROWN: Readonly<Record<string, () => unknown>> = {
  'a TypeError': () => new TypeError(SAID, { cause: new RangeError('and before that') }),
  'an Error': () => new Error(SAID),
  'a string': () => SAID,
  null: () => null,
  undefined: () => undefined,
};

const value = (json = '{"x":1}'): Value => ({ kind: 'value', json, value: JSON.parse(json) });
const listed = (iterator: () => AsyncIterator<Iterable<string>>): Items => ({
  kind: 'items',
  items: { [Symbol.asyncIterator]: iterator },
});
const done = { done: true, value: undefined } as const;
const batch = { done: false, value: ['1', '2'] } as const;

/** How a list that flows fails, by the answers of its iterator. */
const iterating = (
  next: (count: number) => Promise<IteratorResult<Iterable<string>>>,
  end: () => Promise<typeof done> = () => Promise.resolve(done),
): Payload => {
  let count = 0;
  return listed(() => ({ next: () => next(count++), return: end }));
};

/** A body that breaks after so many chunks. */
const flowing = (chunks: number, error: () => unknown): Payload => {
  let sent = 0;
  const stream = new Readable({
    read() {
      if (sent++ < chunks) this.push(Buffer.alloc(100, 'x'));
      else process.nextTick(() => this.destroy(error() as Error));
    },
  });
  return { kind: 'body', stream, meta: { contentType: 'text/plain' } };
};

/** A part of a source that throws, or answers what does. */
type Point = (
  thrown: () => unknown,
  want: Payload['kind'],
) => Partial<Pick<Source, 'prepare' | 'streams'> & { fetch: Fetch }>;

const fetching =
  (fetch: (thrown: () => unknown, want: Payload['kind']) => Promise<Payload>): Point =>
  (thrown) => ({ fetch: ({ want }) => fetch(thrown, want) });

const lazy = (property: 'json' | 'value', from: number, thrown: () => unknown): Value => {
  let reads = 0;
  return Object.defineProperty({ ...value() }, property, {
    enumerable: true,
    get() {
      if (reads++ >= from) throw thrown();
      return value()[property];
    },
  });
};

const POINTS: Readonly<Record<string, Point>> = {
  'its params are checked': (thrown) => ({
    prepare() {
      throw thrown();
    },
  }),
  'filled-in params are checked': (thrown) => ({
    prepare(_op, params) {
      if (Object.values(params).some((param) => param?.constructor.name === 'Filled')) throw thrown();
      return params;
    },
  }),
  'it is asked what flows': (thrown) => ({
    streams() {
      throw thrown();
    },
  }),
  'it is called': fetching((thrown) => {
    throw thrown();
  }),
  'its call ends': fetching((thrown) => Promise.reject(thrown())),
  'its call ends later': fetching((thrown) => setTimeout(5).then(() => Promise.reject(thrown() as Error))),
  'its call answers nothing': fetching(() => Promise.resolve(undefined as unknown as Payload)),
  'its call answers what is no promise': fetching(() => undefined as unknown as Promise<Payload>),
  'its call ends after the deadline': fetching(async (thrown) => {
    await setTimeout(DEADLINE_MS + 100);
    throw thrown();
  }),
  'its call answers nothing after the deadline': fetching(async () => {
    await setTimeout(DEADLINE_MS + 100);
    return undefined as unknown as Payload;
  }),
  'its answer is written': fetching((thrown) => Promise.resolve(lazy('json', 0, thrown))),
  'its answer is written for the second time': fetching((thrown) => Promise.resolve(lazy('json', 1, thrown))),
  'its answer is written for the third time': fetching((thrown) => Promise.resolve(lazy('json', 2, thrown))),
  'its answer is looked into': fetching((thrown) => Promise.resolve(lazy('value', 0, thrown))),
  'its list or body is opened': fetching((thrown, want) =>
    Promise.resolve(
      want === 'items'
        ? listed(() => {
            throw thrown();
          })
        : flowing(0, thrown),
    ),
  ),
  'its list or body begins': fetching((thrown, want) =>
    Promise.resolve(want === 'items' ? iterating(() => Promise.reject(thrown() as Error)) : flowing(0, thrown)),
  ),
  'its list or body goes on': fetching((thrown, want) =>
    Promise.resolve(
      want === 'items'
        ? iterating((count) => (count < 2 ? Promise.resolve(batch) : Promise.reject(thrown() as Error)))
        : flowing(2, thrown),
    ),
  ),
  'its list goes on, at once': fetching((thrown, want) =>
    Promise.resolve(
      want === 'items'
        ? iterating((count) => {
            if (count < 2) return Promise.resolve(batch);
            throw thrown();
          })
        : flowing(1, thrown),
    ),
  ),
  'its list ends': fetching((thrown, want) =>
    Promise.resolve(
      want === 'items'
        ? iterating(
            (count) => Promise.resolve(count < 1 ? batch : done),
            () => {
              throw thrown();
            },
          )
        : flowing(1, thrown),
    ),
  ),
  'its items are written': fetching((thrown, want) =>
    Promise.resolve(
      want === 'items'
        ? iterating((count) =>
            Promise.resolve({
              done: false,
              value: (function* () {
                yield '1';
                if (count > 0) throw thrown();
              })(),
            }),
          )
        : flowing(1, thrown),
    ),
  ),
};

/** Batches of a source that fails, `odd`, and one that does not. */
const BODIES: Readonly<Record<string, (odd: object) => object>> = {
  alone: (odd) => ({ a: odd }),
  'beside others': (odd) => ({
    fine: { source: 'fine', op: 'get' },
    a: odd,
    b: { pattern: 'first-reply', take: 1, queries: [odd] },
    c: { ...odd, stream: undefined, forEach: { $result: '/fine' }, default: 0, params: { x: { $item: '' } } },
  }),
  'referred to': (odd) => ({
    a: { ...odd, stream: undefined },
    b: { ...odd, params: { x: { $result: '/fine/0' } } },
    c: { source: 'fine', op: 'get', params: { x: { $result: '/a/x' } } },
    fine: { source: 'fine', op: 'get' },
  }),
};

const lines: Record<string, unknown>[] = [];
const lost: unknown[] = [];
const note = (reason: unknown): void => void lost.push(reason);
let flows: 'items' | 'body' | undefined;
let app: FastifyInstance;
let url: string;

const nameOf = (when: string, what: string): string => `${when}, ${what}`;

function source(name: string, point: Point, thrown: () => unknown): Source {
  const own = (want: Payload['kind']): ReturnType<Point> => point(thrown, want);
  const fetch: Fetch = (query, context) =>
    (own(query.want).fetch ?? (() => Promise.resolve(value('[1,2]'))))(query, context);
  const { fetch: _fetch, ...more } = own('value');
  const layers = [timeout(name), limit({ name, concurrency: 100, queue: 10 }), prime];
  return {
    name,
    adapter: 'odd',
    ops: ['get'],
    paramsOf: () => z.looseObject({}),
    ownParamsOf: () => z.looseObject({}),
    example: undefined,
    forwards: [],
    timeoutMs: 5000,
    mostFlowing: 100,
    ownMeta: [],
    isSingle: () => false,
    retries: false,
    part: () => undefined,
    spanOf: ({ op }) => ({ name: op, attributes: {} }),
    ping: () => Promise.resolve(),
    prepare: (_op, params) => params,
    describe: () => ({ request: {}, bound: {} }),
    streams: () => flows,
    ...more,
    layers,
    calls: new DurationsBy(),
    call: callOf(5000, [], stack(fetch, layers)),
  };
}

beforeAll(async () => {
  const config = parseConfig({ server: { timeoutMs: DEADLINE_MS } });
  const odd = Object.entries(POINTS).flatMap(([when, point]) =>
    Object.entries(THROWN).map(([what, thrown]) => source(nameOf(when, what), point, thrown)),
  );
  const fine = {
    ...source(
      'fine',
      () => ({}),
      () => undefined,
    ),
    streams: () => undefined,
  };
  const logger = createLogger('info', new Secrets([]), { write: (line) => void lines.push(JSON.parse(line) as never) });
  app = await buildApp(config, { sources: new Map([fine, ...odd].map((one) => [one.name, one])), logger });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});

afterAll(async () => {
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
  await app.close();
});

interface Answered {
  readonly status: number;
  readonly text: string | undefined;
  readonly ms: number;
}

/** The answer to a batch: its status and text, undefined where the connection broke once it had begun. */
async function ask(id: string, accept: string, queries: object): Promise<Answered> {
  const began = performance.now();
  const headers = { 'content-type': 'application/json', accept, 'x-request-id': id };
  const answer = await request(`${url}/kv`, { method: 'POST', headers, body: JSON.stringify({ queries }) });
  const text = await answer.body.text().catch(() => undefined);
  if (isBusy(answer.statusCode, text ?? '')) return ask(id, accept, queries);
  return { status: answer.statusCode, text, ms: performance.now() - began };
}

/** Where the answer waits for the deadline. */
const WAITED_FOR = /deadline|opened|begins/;

// The sources are the same for all: what flows is told before the cases of a media type.
describe.each(mediaTypes)('as %s, where a source fails when', (accept) => {
  const framed = /ndjson|event-stream/.test(accept);
  beforeAll(() => {
    flows = accept === 'application/json' ? undefined : framed ? 'items' : 'body';
  });

  const isAnswered = async (when: string): Promise<void> => {
    const asked = Object.keys(THROWN).flatMap((what) =>
      Object.entries(BODIES).map(async ([how, queries]) => {
        const id = [when, accept, what, how].join().replaceAll(' ', '-');
        const odd = { source: nameOf(when, what), op: 'get', ...(framed && { stream: true }) };
        const { status, text, ms } = await ask(id, accept, queries(odd));
        const about = `${what}, ${how}: ${status} ${text?.slice(0, 300)}`;
        expect(ms, about).toBeLessThan(DEADLINE_MS + 600);
        expect(text ?? '', about).not.toContain('injected');
        expect([200, 404, 406, 422, 500, 502, 504], about).toContain(status);
        if (text?.includes('"INTERNAL"')) expect(told(id), about).not.toEqual([]);
      }),
    );
    await Promise.all(asked);
  };
  const name = '%s, it is answered, or cut once it has begun';
  it.each(Object.keys(POINTS).filter((when) => !WAITED_FOR.test(when)))(name, isAnswered);
  it.concurrent.each(Object.keys(POINTS).filter((when) => WAITED_FOR.test(when)))(name, isAnswered);

  it('and nothing is lost', async () => {
    await setImmediate();
    expect(lost).toEqual([]);
  });
});

/** What the log says of a request's failures that are codap's own. */
function told(id: string): Record<string, unknown>[] {
  return lines.filter(({ level, requestId }) => level === 50 && requestId === id);
}
