import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_CREDENTIALS } from '../../demo/credentials.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Service, startService } from '../service.ts';
import { through, WAYS, type Way } from '../endpoints/through.ts';

const CONTENT = Buffer.from('content');
const NINE_MEBIBYTES = Buffer.alloc(9 * 2 ** 20, 'n');
const NOON = 'Sun, 01 Mar 2026 12:00:00 GMT';

let stores: Stores;
let store: ScriptedStore;
let service: Service;
/** What the store answers; its length and `content-range` are right unless they are said. */
let headers: [string, string][] = [];
let content: Buffer = CONTENT;

beforeAll(async () => {
  stores = await startStores();
  store = await startScripted((path, response, { headers: { range } }) => {
    if (path.includes('/beside')) {
      response.writeHead(200, { 'content-length': 6 }).end('beside');
      return;
    }
    const [, from = '0', to = 'Infinity'] = /^bytes=(\d+)-(\d+)?$/.exec(range ?? '') ?? [];
    const part = content.subarray(Number(from), Math.min(Number(to) + 1, content.length));
    const own: [string, string][] = [];
    if (!headers.some(([name]) => name === 'content-length')) own.push(['content-length', String(part.length)]);
    if (range !== undefined)
      own.push(['content-range', `bytes ${from}-${Number(from) + part.length - 1}/${content.length}`]);
    const head = [...own, ...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
    // Node would not write some of them.
    response.socket?.write(
      `HTTP/1.1 ${range === undefined ? 200 : 206} OK\r\nconnection: close\r\n${head}\r\n`,
      'latin1',
    );
    response.socket?.end(part);
  });
  const s3 = { adapter: 's3', bucket: 'bucket', prefix: 'p/', forcePathStyle: true, ...DEMO_CREDENTIALS };
  service = await startService({
    stores,
    sources: {
      s: { ...s3, endpoint: store.url, maxBytes: 2 ** 24 },
      r: { adapter: 'rest', url: store.url, maxBytes: 2 ** 24 },
    },
  });
});
afterAll(async () => {
  await service.close();
  await stores.close();
  await store.close();
});

const object = (key: string) => ({ source: 's', op: 'getObject', params: { key, format: 'base64' } });
const ask = (way: Way, query: object = object('a')) => through(service, way, query, object('beside'));
const head = async () => (await service.kv({ a: { source: 's', op: 'headObject', params: { key: 'a' } } })).results.a;

const ETAG: [string, string] = ['etag', '"one"'];
const unknown = { contentType: undefined, etag: undefined, lastModified: undefined };
/** Headers of an answer, and what is told of them. */
const FIELDS: [string, [string, string][], object][] = [
  ['nothing', [], unknown],
  [
    'all',
    [['content-type', 'text/css'], ETAG, ['last-modified', NOON]],
    { contentType: 'text/css', etag: '"one"', lastModified: '2026-03-01T12:00:00.000Z' },
  ],
  [
    'all twice',
    [
      ['content-type', 'text/css'],
      ['content-type', 'text/css'],
      ETAG,
      ETAG,
      ['last-modified', NOON],
      ['last-modified', NOON],
    ],
    { contentType: 'text/css', etag: '"one"', lastModified: '2026-03-01T12:00:00.000Z' },
  ],
  [
    'two types',
    [
      ['content-type', 'text/css'],
      ['content-type', 'text/html'],
    ],
    unknown,
  ],
  ['two types in one', [['content-type', 'text/css, text/html']], unknown],
  ['an empty type', [['content-type', '']], unknown],
  ['a type that is none', [['content-type', 'rubbish']], unknown],
  ['a type beyond ASCII', [['content-type', 'text/plain; x="\u00e9"']], unknown],
  [
    'a type with much beside it',
    [['content-type', 'text/css; charset=utf-8; x=y']],
    { contentType: 'text/css; charset=utf-8; x=y' },
  ],
  ['two tags', [ETAG, ['etag', '"two"']], unknown],
  ['two tags in one', [['etag', '"one", "two"']], unknown],
  ['an empty tag', [['etag', '']], unknown],
  ['a tag without quotes', [['etag', 'one']], unknown],
  ['a tag beyond ASCII', [['etag', '"\u00e9"']], unknown],
  ['a weak tag', [['etag', 'W/"one"']], { etag: 'W/"one"' }],
  ...[
    '0',
    '-1',
    '',
    'rubbish',
    '2026',
    NOON.slice(5),
    `${NOON}, ${NOON}`,
    'Mon, 30 Feb 2026 00:00:00 GMT',
    'Sun, 01 Mar 2026 25:00:00 GMT',
    '2026-03-01T12:00:00Z',
    '99999999999999999999',
  ].map((date): [string, [string, string][], object] => [
    `the date ${JSON.stringify(date)}`,
    [['last-modified', date]],
    unknown,
  ]),
  ...[
    ['Sunday, 01-Mar-26 12:00:00 GMT', '2026-03-01T12:00:00.000Z'],
    ['Sun Mar  1 12:00:00 2026', '2026-03-01T12:00:00.000Z'],
    ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00.000Z'],
  ].map(([date = '', lastModified]): [string, [string, string][], object] => [
    `the date ${date}`,
    [['last-modified', date]],
    { lastModified },
  ]),
  [
    'two dates',
    [
      ['last-modified', NOON],
      ['last-modified', 'Sun, 01 Mar 2026 13:00:00 GMT'],
    ],
    unknown,
  ],
  // The SDK reads more fields than codap does, and fails the whole for one that it cannot read.
  [
    'what codap does not read',
    [
      ['expires', '0'],
      ['x-amz-object-lock-retain-until-date', 'rubbish'],
      ['x-amz-missing-meta', '-'],
      ['x-amz-delete-marker', '?'],
      ['x-amz-mp-parts-count', ''],
      ['date', '0'],
      ['x-amz-checksum-crc32', 'no'],
      ['__proto__', 'x'],
      ['constructor', 'x'],
    ],
    unknown,
  ],
  [
    'odd metadata',
    [
      ['x-amz-meta-', 'empty'],
      ['x-amz-meta-a', ''],
      ['x-amz-meta-b', '1'],
      ['x-amz-meta-b', '2'],
      ['x-amz-meta-c', '\u00e9 =?UTF-8?B?w6k=?='],
      ['x-amz-meta-constructor', 'x'],
    ],
    unknown,
  ],
];

describe.each(FIELDS)('an object of which a store tells %s', (_name, told, known) => {
  it.each(WAYS)('is there, with what is well-formed: %s', async (way) => {
    headers = told;
    const { bytes, headers: answered, meta } = await ask(way);
    expect(String(bytes)).toBe('content');
    const { contentType, etag, lastModified } = { ...unknown, ...known };
    if (meta) expect(meta).toEqual({ status: 200, size: 7, encoding: 'base64', contentType, etag, lastModified });
    if (answered) {
      expect(answered['content-type']).toBe(contentType ?? 'application/octet-stream');
      expect(answered['etag']).toBe(etag);
      expect(answered['last-modified']).toBe(lastModified && new Date(lastModified).toUTCString());
    }
  });

  it('has a head', async () => {
    headers = told;
    const { contentType = null, etag = null, lastModified = null } = { ...unknown, ...known };
    expect(await head()).toMatchObject({
      status: 'ok',
      value: { size: 7, contentType, etag, lastModified, versionId: null },
    });
  });
});

it('metadata that comes twice is one text, as S3 has it', async () => {
  headers = [
    ['x-amz-meta-', 'empty'],
    ['x-amz-meta-a', ''],
    ['x-amz-meta-b', '1'],
    ['x-amz-meta-b', '2'],
  ];
  expect((await head()).value.metadata).toEqual({ '': 'empty', a: '', b: '1, 2' });
});

it('metadata ends in no white space, but in any character', async () => {
  headers = [
    ['x-amz-meta-a', 'b \t '],
    ['x-amz-meta-c', 'd\u00a0'],
    ['x-amz-meta-e', ' \t'],
  ];
  expect((await head()).value.metadata).toEqual({ a: 'b', c: 'd\u00a0', e: '' });
});

it('metadata has any name', async () => {
  const names = ['__proto__', 'constructor', 'a', ''];
  headers = names.map((name): [string, string] => [`x-amz-meta-${name}`, `the ${name} one`]);
  expect(Object.entries((await head()).value.metadata)).toEqual(names.map((name) => [name, `the ${name} one`]));
});

it.each(['v1', '', 'a b', '\u00e9'])('a version is one word: %j', async (version) => {
  headers = [['x-amz-version-id', version]];
  expect((await head()).value.versionId).toBe(version === 'v1' ? 'v1' : null);
});

describe.each([
  ['-5', 'BAD_RESPONSE'],
  ['rubbish', 'BAD_RESPONSE'],
  ['0x7', 'BAD_RESPONSE'],
  ['7, 8', 'BAD_RESPONSE'],
  ['1e3', 'BAD_RESPONSE'],
  ['99999999999999999999999999', 'BAD_RESPONSE'],
])('the length %s', (length, code) => {
  it.each(WAYS)('is no HTTP, and costs its own entry alone: %s', async (way) => {
    headers = [['content-length', length]];
    expect(await ask(way)).toEqual({ code });
    expect((await head()).error.code).toBe(code);
  });
});

it.each(WAYS)('a length beyond all that can come is never whole: %s', async (way) => {
  headers = [['content-length', '9999999999999999']];
  const { code } = await ask(way);
  expect(['BAD_RESPONSE', 'UNAVAILABLE', 'TOO_LARGE', 'cut']).toContain(code);
});

/** Codings that say nothing of the bytes they come with; what is larger than a part is asked for in parts. */
const NO_CODINGS: [string, Buffer, [string, string][]][] = [
  ['identity', NINE_MEBIBYTES, [['content-encoding', 'identity']]],
  ['IDENTITY', CONTENT, [['content-encoding', 'IDENTITY']]],
  ['identity, identity', CONTENT, [['content-encoding', 'identity, identity']]],
  [
    'identity and aws-chunked',
    CONTENT,
    [
      ['content-encoding', 'identity'],
      ['content-encoding', 'aws-chunked'],
    ],
  ],
  ['aws-chunked', NINE_MEBIBYTES, [['content-encoding', 'aws-chunked']]],
  ['nothing', CONTENT, [['content-encoding', '']]],
  ['a comma', CONTENT, [['content-encoding', ' , ']]],
];

describe.each(NO_CODINGS)('a body whose coding is %s, which says nothing of its bytes,', (_name, bytes, lines) => {
  it.each(WAYS)('is as long as its length says: %s', async (way) => {
    headers = [...lines, ETAG, ['content-type', 'image/png']];
    content = bytes;
    try {
      for (const query of [object('a'), { source: 'r', op: 'get', params: { path: '/a' } }]) {
        const { bytes: answer, headers: answered, meta } = await ask(way, query);
        expect(answer?.equals(bytes), query.source).toBe(true);
        if (answered) expect(answered['content-length'], query.source).toBe(String(bytes.length));
        if (meta) expect(meta['size'], query.source).toBe(bytes.length);
      }
    } finally {
      content = CONTENT;
    }
  });
});
