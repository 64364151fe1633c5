import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_CREDENTIALS } from '../../demo/credentials.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { synthetic } from '../../demo/synthetic.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Service, startService } from '../service.ts';
import { through, WAYS, type Way } from './through.ts';

const HEAD = 65_536;
const large = Buffer.concat([...synthetic(0, 200_000)]);
const small = large.subarray(0, 1000);
const ETAG = '"one"';

/** What was asked for: a range with both of its ends, unless the whole was. */
interface Asked {
  readonly object: Buffer;
  readonly first: number;
  readonly last: number;
  readonly ranged: boolean;
}
/** Answers a request; a header may stand there twice. */
type Script = (asked: Asked, answer: (status: number, headers: string[][], bytes: Buffer) => void) => void;

let stores: Stores;
let store: ScriptedStore;
let service: Service;
let script: Script;

beforeAll(async () => {
  stores = await startStores();
  store = await startScripted((path, response, { headers }) => {
    const key = /\/(\w+)(?:\?|$)/.exec(path)?.[1];
    if (key === 'beside') {
      response.writeHead(200, { 'content-length': 6, etag: ETAG }).end('beside');
      return;
    }
    const object = key === 'small' ? small : large;
    const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? 'bytes=0-') ?? [];
    const first = from === '' ? object.length - Number(to) : Number(from);
    const last = from === '' || to === '' ? object.length - 1 : Math.min(Number(to), object.length - 1);
    script({ object, first, last, ranged: headers.range !== undefined }, answering(response));
  });
  const s3 = { adapter: 's3', bucket: 'bucket', prefix: 'p/', forcePathStyle: true, ...DEMO_CREDENTIALS };
  service = await startService({
    stores,
    sources: { s: { ...s3, endpoint: store.url }, r: { adapter: 'rest', url: store.url } },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  await store.close();
});

const answering =
  (response: ServerResponse): Parameters<Script>[1] =>
  (status, headers, bytes) =>
    void response.writeHead(status, headers.flat()).end(bytes);

const length = (bytes: Buffer) => ['content-length', String(bytes.length)];
const partOf = ({ object, first, last }: Asked) => object.subarray(first, last + 1);
const whole = ({ object }: Asked): [number, string[][], Buffer] => [200, [length(object), ['etag', ETAG]], object];

/** A store that answers a part with these headers instead of the right `content-range`. */
const telling =
  (headers: (asked: Asked) => string[][], status = 206): Script =>
  (asked, answer) => {
    const part = partOf(asked);
    if (asked.ranged) answer(status, [length(part), ['etag', ETAG], ...headers(asked)], part);
    else answer(...whole(asked));
  };
const range = (text: string | ((asked: Asked) => string)) => (asked: Asked) => [
  ['content-range', typeof text === 'string' ? text : text(asked)],
];
const right = ({ object, first, last }: Asked) => `bytes ${first}-${last}/${object.length}`;

const object = (key: string, params: object = {}) => ({
  source: 's',
  op: 'getObject',
  params: { key, format: 'base64', ...params },
});
const beside = object('beside');
const ask = (way: Way, query: object) => through(service, way, query, beside);

/** Ways to tell of a part that do not say which part of how much it is. */
const UNUSABLE: [string, Script][] = [
  ['without its total', telling(range(({ first, last }) => `bytes ${first}-${last}/*`))],
  ['without a content-range', telling(() => [])],
  ['with an empty one', telling(range(''))],
  ['with rubbish', telling(range('rubbish'))],
  ['with units alone', telling(range('bytes'))],
  ['with a total alone', telling(range(({ object: { length: size } }) => `bytes */${size}`))],
  ['in other units', telling(range((asked) => right(asked).replace('bytes', 'items')))],
  ['twice', telling((asked) => [...range(right)(asked), ...range(right)(asked)])],
  ['twice, and not the same', telling((asked) => [...range(right)(asked), ['content-range', 'bytes 0-1/2']])],
  [
    'from another byte on',
    telling(range(({ first, last, object: { length: size } }) => `bytes ${first + 1}-${last + 1}/${size + 1}`)),
  ],
  ['that ends before it begins', telling(range(({ object: { length: size } }) => `bytes 10-9/${size}`))],
  ['of a total that it exceeds', telling(range(({ first, last }) => `bytes ${first}-${last}/${last}`))],
  [
    'longer than what comes',
    telling(range(({ first, last, object: { length: size } }) => `bytes ${first}-${last + 1}/${size + 9}`)),
  ],
  [
    'shorter than asked for',
    (asked, answer) =>
      telling(range(({ first, last, object: { length: size } }) => `bytes ${first}-${last}/${size}`))(
        { ...asked, last: asked.ranged ? asked.first + 9 : asked.last },
        answer,
      ),
  ],
  [
    'as a whole',
    telling(
      (asked) => (asked.last === asked.object.length - 1 ? [['content-range', 'bytes 0-9/1']] : range(right)(asked)),
      200,
    ),
  ],
  ['as many parts', telling(() => [['content-type', 'multipart/byteranges; boundary=x']])],
];

describe.each(UNUSABLE)('a part that a store answers %s', (_name, unusable) => {
  it.each(['zip', 'tar'] as const)('is not taken for an object in a %s: the whole is asked for', async (way) => {
    script = unusable;
    expect((await ask(way, object('large'))).bytes?.equals(large)).toBe(true);
    expect((await ask(way, object('small'))).bytes?.equals(small)).toBe(true);
  });

  it.each(WAYS)('is no answer to a range, nor to what asks for the whole: %s', async (way) => {
    script = unusable;
    expect(await ask(way, object('small', { range: 'bytes=100-' }))).toEqual({ code: 'BAD_RESPONSE' });
    // Whatever it is asked, it answers the beginning in that manner.
    script = (asked, answer) => unusable({ ...asked, last: Math.min(asked.last, HEAD - 1), ranged: true }, answer);
    expect(await ask(way, object('large'))).toEqual({ code: 'BAD_RESPONSE' });
  });
});

describe.each([
  ['none', []],
  ['an empty one', [['etag', '']]],
  ['a weak one', [['etag', 'W/"one"']]],
  [
    'two',
    [
      ['etag', '"one"'],
      ['etag', '"two"'],
    ],
  ],
  ['one without quotes', [['etag', 'one']]],
])('an object whose entity tag is %s', (_name, tags) => {
  it.each(['zip', 'tar'] as const)('is taken whole into a %s: its parts might not be of one object', async (way) => {
    let changed = false;
    script = (asked, answer) => {
      const part = partOf(asked);
      const bytes = changed ? Buffer.alloc(part.length) : part;
      changed = asked.ranged;
      if (asked.ranged) answer(206, [length(bytes), ...tags, ...range(right)(asked)], bytes);
      else answer(200, [length(large), ...tags], large);
    };
    expect((await ask(way, object('large'))).bytes?.equals(large)).toBe(true);
  });
});

const RANGES: [string, number, number][] = [
  ['bytes=100-149', 100, 150],
  ['bytes=950-2000', 950, 1000],
  ['bytes=100-', 100, 1000],
  ['bytes=-50', 950, 1000],
  ['bytes=0-999', 0, 1000],
];

describe.each(RANGES)('the part %s of an object', (asked, from, to) => {
  const part = small.subarray(from, to);

  it.each(WAYS)('is its bytes and no more: %s', async (way) => {
    script = telling(range(right));
    const { bytes, headers, meta } = await ask(way, object('small', { range: asked }));
    expect(bytes?.equals(part)).toBe(true);
    if (headers)
      expect(headers).toMatchObject({
        'content-length': String(part.length),
        'content-range': `bytes ${from}-${to - 1}/1000`,
      });
    if (meta) expect(meta).toMatchObject({ status: 206, size: 1000 });
  });

  it.each(WAYS)('is counted where it has no length: %s', async (way) => {
    const sent =
      (bytes: Buffer): Script =>
      (request, answer) =>
        answer(206, [['etag', ETAG], ['transfer-encoding', 'chunked'], ...range(right)(request)], bytes);
    script = sent(part);
    expect((await ask(way, object('small', { range: asked }))).bytes?.equals(part)).toBe(true);
    for (const [bytes, code] of [
      [part.subarray(1), 'UNAVAILABLE'],
      [Buffer.concat([part, part]), 'BAD_RESPONSE'],
    ] as const) {
      script = sent(bytes);
      // Raw bytes may be on their way by then.
      expect(way === 'raw' ? ['cut', code] : [code]).toContain(
        (await ask(way, object('small', { range: asked }))).code,
      );
    }
  });
});

it.each(WAYS)(
  'a part that is all of what was asked for may leave the total open, which nobody then tells: %s',
  async (way) => {
    script = telling(range(({ first, last }) => `bytes ${first}-${last}/*`));
    const { bytes, meta } = await ask(way, object('small', { range: 'bytes=100-149' }));
    expect(bytes?.equals(small.subarray(100, 150))).toBe(true);
    if (meta) expect(meta).not.toHaveProperty('size');
  },
);

it.each(WAYS)('a whole that is told as a part is one: %s', async (way) => {
  script = (asked, answer) => telling(range(right))({ ...asked, ranged: true }, answer);
  expect((await ask(way, object('small'))).bytes?.equals(small)).toBe(true);
});

it.each(WAYS)('a whole that is told as a part without a length is counted: %s', async (way) => {
  for (const [bytes, code] of [
    [small, undefined],
    [small.subarray(1), 'UNAVAILABLE'],
  ] as const) {
    script = (asked, answer) => answer(206, [['transfer-encoding', 'chunked'], ...range(right)(asked)], bytes);
    for (const query of [object('small'), { source: 'r', op: 'get', params: { path: '/small' } }]) {
      const outcome = await ask(way, query);
      if (!code) expect(outcome.bytes?.equals(small)).toBe(true);
      else expect(way === 'raw' ? ['cut', code] : [code]).toContain(outcome.code);
    }
  }
});

it.each(WAYS)('a store that knows no ranges answers the whole, and says so: %s', async (way) => {
  script = (asked, answer) => answer(...whole(asked));
  const { bytes, meta } = await ask(way, object('small', { range: 'bytes=100-149' }));
  expect(bytes?.equals(small)).toBe(true);
  if (meta) expect(meta).toMatchObject({ status: 200, size: 1000 });
});

describe('a part of an encoded object', () => {
  const encoded = telling((asked) => [
    ...range(right)(asked),
    ['content-encoding', 'gzip'],
    ['content-type', 'text/plain'],
  ]);
  const get = (format?: string) => ({
    source: 's',
    op: 'getObject',
    params: { key: 'small', range: 'bytes=0-9', format },
  });

  it('is its stored bytes, as base64 unless told', async () => {
    script = encoded;
    expect((await ask('gathered', get())).meta).toMatchObject({ encoding: 'base64', status: 206 });
    for (const way of WAYS) expect((await ask(way, get())).bytes?.equals(small.subarray(0, 10)), way).toBe(true);
    expect(await ask('gathered', get('text'))).toEqual({ code: 'BAD_RESPONSE' });
  });
});

describe('a REST body', () => {
  const get = (headers: object) => ({ source: 'r', op: 'get', params: { path: '/small', headers } });

  it.each(WAYS)('that is a part is as long as that part: %s', async (way) => {
    script = telling((asked) => [...range(right)(asked), ['content-type', 'image/png']]);
    const { bytes } = await ask(way, get({ range: 'bytes=100-149' }));
    expect(bytes?.equals(small.subarray(100, 150))).toBe(true);
  });

  it.each(WAYS)('that is a part though nobody asked for one is BAD_RESPONSE: %s', async (way) => {
    for (const told of [range('bytes 0-9/1000'), range('bytes 0-9/*'), () => []]) {
      script = (_asked, answer) => answer(206, [['content-length', '10'], ...told({} as Asked)], small.subarray(0, 10));
      expect(await ask(way, get({}))).toEqual({ code: 'BAD_RESPONSE' });
    }
  });

  it.each(WAYS)(
    'that has not changed has no bytes, in an archive no entry, whatever length is told: %s',
    async (way) => {
      script = (_asked, answer) =>
        answer(
          304,
          [
            ['etag', ETAG],
            ['content-length', '1000'],
          ],
          Buffer.alloc(0),
        );
      for (const query of [get({ 'if-none-match': ETAG }), object('small', { ifNoneMatch: ETAG })])
        expect((await ask(way, query)).bytes?.length).toBe(way === 'zip' || way === 'tar' ? undefined : 0);
    },
  );
});
