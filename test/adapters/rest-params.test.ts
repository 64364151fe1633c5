import fc from 'fast-check';
import { ObjectId } from 'bson';
import { describe, expect, it } from 'vitest';
import { rest, type RestOptions } from '../../adapters/rest.ts';
import { Digits } from '../../src/json/leaf.ts';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';
import { version } from '../../src/version.ts';
import { bodyBytes, type RestBody, type UnwrittenBody, type WrittenBody } from '../../adapters/rest/body.ts';
import { atOnce, Work } from '../../src/budget/work.ts';
import { compiled, restOptions } from './rest-source.ts';
import { processorMs } from '../processor-time.ts';

const source = restOptions({ url: 'https://api.example/v1/', methods: ['get', 'post'] });
const later = new Placeholder('$item');
const pathOf = (path: unknown) => compiled(source, 'get', { path }).query?.path;
const bodyOf = (body: unknown) => compiled(source, 'post', { body }).query.body;
const textOf = (body: unknown) => (bodyOf(body) as WrittenBody).text;
const many = Array.from({ length: 5000 }, (_, at) => ({ id: at, name: `ü"${at}` }));
const long = 'x'.repeat(600_000);
/** Stands for 0, -0 and 0, of which `JSON.stringify` makes the same. */
const ZEROS = ['zeros'];
const faultsOf = (params: Record<string, unknown>, op = 'get') => compiled(source, op, params).faults;

/** What a server sees that decodes a path up to twice before it resolves its dots. */
function stays(base: URL, path: string): void {
  let text = path;
  for (let decoded = 0; decoded <= 2; decoded++) {
    const seen = new URL(base.origin + text.replaceAll('?', '%3F').replaceAll('#', '%23'));
    expect(seen.origin).toBe(base.origin);
    if (decoded === 0) expect(`${seen.pathname}/`.startsWith(base.pathname)).toBe(true);
    expect(text.split(/[\\/]/).filter((segment) => segment === '.' || segment === '..')).toEqual([]);
    text = text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

describe('a literal path', () => {
  it.each([
    ['', '/v1/'],
    ['/', '/v1/'],
    ['/quote', '/v1/quote'],
    ['quote/', '/v1/quote/'],
    ['a b/ü', '/v1/a%20b/%C3%BC'],
    ['already%20encoded%25', '/v1/already%20encoded%25'],
    ['a;b=1,2/$x:@&=+~', '/v1/a;b=1,2/$x:@&=+~'],
    ['...', '/v1/...'],
    ['a//b', '/v1/a//b'],
    ['caf%C3%A9/%F0%9F%98%80', '/v1/caf%C3%A9/%F0%9F%98%80'],
    ['a%3Bb%2Fc', '/v1/a%3Bb%2Fc'],
    ['http://evil.example/', '/v1/http://evil.example/'],
  ])('%j becomes %j', (path, expected) => {
    expect(faultsOf({ path })).toEqual([]);
    expect(pathOf(path)).toBe(expected);
  });

  it.each([
    'a?b',
    'a#b',
    'a\\b',
    '//evil.example',
    '..',
    '.',
    '../secret',
    'a/../../secret',
    'a/..',
    '%2e%2e/secret',
    'a/%2E./b',
    '%252e%252e/secret',
    '..%2fsecret',
    '..%5csecret',
    '%2e%2e%zz',
    'a%',
    'a%zz',
    '..;/secret',
    'a/..;x=1/b',
    '..%3B/secret',
    '..%253b/secret',
    '.;./secret',
    'a/.%3bx',
    '..%00/secret',
    '..%00%2fsecret',
    '..%00%5csecret',
    '..%00%252fsecret',
    '.%00./secret',
    '%00../secret',
    'a%00.json',
    'a%2500.json',
    'a%0d%0ab',
    'a%250ab',
    'a%7f',
    'a%c2%85',
    '..%3fx/secret',
    '..%23/secret',
    '%c0%ae%c0%ae/secret',
    '%25c0%25ae%25c0%25ae/secret',
    '..%c0%afsecret',
    '..%c1%9csecret',
    '%e0%80%ae./secret',
    '%f0%80%80%ae./secret',
    'a%ff',
    'caf%E9',
    'caf%25E9',
    'a%ed%a0%80',
    'a\nb',
    'a\tb',
    '\u0000',
    'a\u007f',
    '\ud800',
  ])('%j is refused', (path) => {
    expect(faultsOf({ path })).toMatchObject([expect.stringMatching(/^path: /)]);
  });

  it.each(['', 'ü/'])('has at most 8,192 characters, all counted, after %j', (before) => {
    const long = `/${before}`.padEnd(8192, 'x');
    expect(faultsOf({ path: long })).toEqual([]);
    for (const path of [`${long}x`, `${long.slice(1)}xx`])
      expect(faultsOf({ path })).toEqual(['path: a path has at most 8192 characters']);
  });

  it('holds no reference', () => {
    expect(faultsOf({ path: new Placeholder('$item') })).toHaveLength(1);
    expect(faultsOf({ path: new Filled('a') })).toHaveLength(1);
  });
});

describe('a segment', () => {
  it.each([
    ['a/b?c#d', 'a%2Fb%3Fc%23d'],
    ['a\\b', 'a%5Cb'],
    ['50%', '50%25'],
    ['ü😀', '%C3%BC%F0%9F%98%80'],
    [7, '7'],
    [' ', '%20'],
    ['...', '...'],
    ['a..b', 'a..b'],
    ['.well-known', '.well-known'],
    ['À®À®', '%C3%80%C2%AE%C3%80%C2%AE'],
    ['10%ab 5', '10%25ab%205'],
    ['v1.2;x', 'v1.2%3Bx'],
    ['a?..b', 'a%3F..b'],
  ])('%j is encoded whole, written out or filled in', (segment, expected) => {
    expect(pathOf(['x', segment])).toBe(`/v1/x/${expected}`);
    expect(pathOf(['x', new Filled(segment)])).toBe(`/v1/x/${expected}`);
  });

  it.each([
    [new ObjectId('66f000000000000000000001'), '66f000000000000000000001'],
    [new Date(0), '1970-01-01T00%3A00%3A00.000Z'],
    [new Digits('9007199254740993'), '9007199254740993'],
    [true, 'true'],
  ])('shows ids, dates and digits as text', (value, expected) => {
    expect(pathOf([new Filled(value)])).toBe(`/v1/${expected}`);
  });

  it.each([
    '',
    '.',
    '..',
    '../x',
    'a/..',
    '..\\x',
    '%2e%2e',
    '%252e%252e',
    '.%2e%2fx',
    '%2e%2e%2fx%zz',
    '..;',
    '..;a/x',
    '..%3Bx',
    '..%253bx',
    '..%00',
    '.%00.',
    'a%00',
    'a%2500',
    'a%0ab',
    '%c0%ae%c0%ae',
    '%25c0%25ae.',
    '..%c0%afx',
    '..?x',
    'a\u0000',
    'a\r\nb',
    '\u0085',
    '\ud800',
  ])('%j is refused, written out or filled in', (segment) => {
    for (const value of [segment, new Filled(segment)])
      expect(faultsOf({ path: ['a', value] })).toMatchObject([expect.stringMatching(/^path\/1: /)]);
  });

  it.each([[null], [{}], [['a']], [undefined], [/a/]])('%j is refused once filled in', (value) => {
    expect(faultsOf({ path: [new Filled(value)] })).toHaveLength(1);
  });

  it('that is a reference passes while planning', () => {
    expect(faultsOf({ path: ['a', new Placeholder('$item')] })).toEqual([]);
  });
});

describe('all segments', () => {
  const escapes = '%25'.repeat(2730);

  it.each([
    ['written out', (it: string) => it],
    ['filled in', (it: string) => new Filled(it)],
  ])('have at most 16,384 characters together, and no more is looked at: %s', (_how, value) => {
    const long = value('x'.repeat(8192));
    expect(faultsOf({ path: [long, long] })).toEqual([]);
    const began = processorMs();
    for (const path of [
      [long, long, value('x')],
      Array.from({ length: 100 }, () => value(escapes)),
      Array.from({ length: 100 }, () => long),
    ])
      expect(faultsOf({ path })).toEqual(['path: the segments of a path have at most 16384 characters together']);
    expect(processorMs() - began).toBeLessThan(50);
  });
});

describe('the base URL', () => {
  const bases = ['https://api.example', 'https://api.example/v1', 'https://api.example/a%20b/'];

  it('is not left by any list of segments', () => {
    const dots = fc.stringMatching(/^(?:\.|%2e|%252e|%25252e|\/|\\|%2f|%5c|%|;|a|\r| |@|:|\?|#){0,8}$/);
    fc.assert(
      fc.property(
        fc.constantFrom(...bases),
        fc.array(fc.oneof(dots, fc.string({ unit: 'binary' })), { maxLength: 5 }),
        (url, segments) => {
          const base = new URL(url);
          const { query, faults } = compiled(restOptions({ url }), 'get', {
            path: segments.map((segment) => new Filled(segment)),
          });
          if (faults.length > 0) return;
          stays(base, query.path);
          const below = query.path.slice(base.pathname.replace(/\/$/, '').length + 1);
          expect(below === '' ? [] : below.split('/').map(decodeURIComponent)).toEqual(segments);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is not left by any literal path', () => {
    const path = fc.stringMatching(/^(?:\.|%2e|%252E|%25252e|\/|%2f|%5c|%25|;|a|b c|@|:|http:){0,9}$/);
    fc.assert(
      fc.property(fc.constantFrom(...bases), fc.oneof(path, fc.string({ unit: 'binary' })), (url, literal) => {
        const { query, faults } = compiled(restOptions({ url }), 'get', { path: literal });
        if (faults.length === 0) stays(new URL(url), query.path);
      }),
      { numRuns: 2000 },
    );
  });
});

/**
 * What servers may make of a path. They decode it up to twice, strictly or not; at each step some drop a NUL
 * or end there, and some drop path parameters.
 */
function readings(path: string): string[] {
  const short = (bytes: string) =>
    bytes.replace(/[\xc0\xc1][^]/g, (two) =>
      String.fromCharCode(((two.charCodeAt(0) & 1) << 6) | (two.charCodeAt(1) & 0x3f)),
    );
  const steps = (bytes: string): string[] => [
    bytes,
    short(bytes),
    bytes.replaceAll('\0', ''),
    bytes.replace(/\0[^]*/, ''),
    bytes.replace(/;[^/\\]*/g, ''),
    bytes.replaceAll('\0', '').replace(/;[^/\\]*/g, ''),
  ];
  const decoded = (bytes: string) =>
    bytes.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  let seen = new Set(steps(path));
  for (let round = 0; round < 2; round++)
    seen = new Set([...seen, ...[...seen].flatMap((bytes) => steps(decoded(bytes)))]);
  return [...seen];
}

/**
 * Whether a path, its dots resolved as a server does that knows slashes and backslashes, is below a prefix.
 */
function isBelow(prefix: string, path: string): boolean {
  let depth = 0;
  for (const segment of path.slice(prefix.length).split(/[\\/]/)) {
    if (segment === '..') depth -= 1;
    else if (segment !== '.' && segment !== '') depth += 1;
    if (depth < 0) return false;
  }
  return path.startsWith(prefix) || `${path}/` === prefix;
}

describe('whatever a server makes of a path', () => {
  const parts = [
    '.',
    '..',
    '%2e',
    '%252e',
    '/',
    '%2f',
    '%252f',
    '\\',
    '%5c',
    '%255c',
    ';',
    '%3b',
    '%253b',
    ';x',
    'a',
    'é',
    ' ',
    '%00',
    '%2500',
    '\0',
    '%0d%0a',
    '%c0%ae',
    '%25c0%25ae',
    '%c0%af',
    '%c1%9c',
    '%e0%80%ae',
    '%ff',
    '?',
    '#',
    '%3f',
  ];
  const nasty = fc.array(fc.constantFrom(...parts), { maxLength: 7 }).map((parts) => parts.join(''));

  it.each([
    ['a literal path', (text: string) => text as unknown],
    ['a segment written out', (text: string) => [text]],
    ['a segment filled in', (text: string) => [new Filled(text)]],
  ])('%s stays below the prefix', (_name, pathOf) => {
    let sent = 0;
    fc.assert(
      fc.property(nasty, (text) => {
        const { query, faults } = compiled(source, 'get', { path: pathOf(text) });
        if (faults.length > 0) return;
        sent += 1;
        for (const reading of readings(query.path))
          expect(isBelow('/v1/', reading), `${text} as ${reading}`).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(sent).toBeGreaterThan(100);
  });
});

describe('a query value', () => {
  it('is encoded, its key too; a list repeats its key', () => {
    const query = JSON.parse('{"a b": "x&y=z", "__proto__": "p", "n": [1, true, "é+"], "none": []}') as object;
    expect(compiled(source, 'get', { query }).query.path).toBe(
      '/v1/?a%20b=x%26y%3Dz&__proto__=p&n=1&n=true&n=%C3%A9%2B',
    );
  });

  it('may be filled in, a list too', () => {
    const query = {
      id: new Filled(new ObjectId('66f000000000000000000001')),
      tag: new Filled(['a', 'b']),
      mixed: ['x', new Filled('\r\n')],
    };
    expect(compiled(source, 'get', { query }).query.path).toBe(
      '/v1/?id=66f000000000000000000001&tag=a&tag=b&mixed=x&mixed=%0D%0A',
    );
  });

  it.each([
    ['written out', { q: Array.from({ length: 300_000 }, () => 'a') }],
    ['filled in', { q: new Filled(Array.from({ length: 300_000 }, () => 'a')) }],
    ['in one text', { a: 1, q: new Filled('a'.repeat(262_144)) }],
    ['in one text of very many', { a: 1, q: new Filled('\u6f22'.repeat(60_000_000)) }],
    ['as it is encoded', { a: 1, q: new Filled('\u6f22'.repeat(30_000)) }],
    ['in its keys', Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`${at}${'ü'.repeat(2000)}`, '']))],
  ])('has no end beyond 262,144 characters, nor is more of it looked at: %s', (_, query) => {
    const began = processorMs();
    const { faults } = compiled(source, 'get', { query });
    expect(processorMs() - began).toBeLessThan(50);
    expect(faults).toEqual(['query: at most 262144 characters are allowed here']);
    expect(faultsOf({ query: { q: new Filled('a'.repeat(262_140)) } })).toEqual([]);
  });

  it.each<[string, object, (string | Placeholder)[]]>([
    ['in the query', { query: { a: 'ä', b: later, c: ['x', later] } }, ['/v1/?a=%C3%A4&b=', later, '&c=x&c=', later]],
    ['at its end', { path: '/a', query: { b: later } }, ['/v1/a?b=', later]],
    ['in the path', { path: ['a b', later, 'c'], query: { d: 1 } }, ['/v1/a%20b/', later, '/c?d=1']],
    ['in both', { path: [later], query: { d: later } }, ['/v1/', later, '?d=', later]],
  ])('not known yet stands where it will be filled in: %s', (_where, params, parts) => {
    const { query, faults } = compiled(source, 'get', { ...params });
    expect(faults).toEqual([]);
    expect(query.path).toEqual(new Placeholder('$join', parts));
  });

  it('not known yet stands in a header and in a body, which is kept as it is written', () => {
    const params = { headers: { accept: later, range: 'bytes=0-1' }, body: { a: [later], b: 1 } };
    const { query, faults } = compiled(source, 'post', params);
    expect(faults).toEqual([]);
    expect(query.headers).toEqual({ accept: later, range: 'bytes=0-1' });
    expect(query.body).toEqual({ template: params.body, contentType: 'application/json' });
    expect(compiled(source, 'post', { body: later }).query.body).toMatchObject({ template: later });
  });

  it.each([[null], [{}], [[['a']]], ['\ud800']])('%j is refused, written out or filled in', (value) => {
    expect(faultsOf({ query: { a: value } })).toMatchObject([expect.stringMatching(/^query\/a: /)]);
    expect(faultsOf({ query: { a: new Filled(value) } })).toMatchObject([expect.stringMatching(/^query\/a: /)]);
  });

  it('stands in an object that is written out', () => {
    for (const query of [[], 'a=b', null, new Filled({}), new Placeholder('$item')])
      expect(faultsOf({ query })).toHaveLength(1);
  });
});

describe('a header', () => {
  it('is one that the source lets a query set, in whatever case', () => {
    expect(
      compiled(source, 'get', { headers: { 'Accept-Language': 'de', accept: new Filled('text/plain') } }).query.headers,
    ).toEqual({ 'accept-language': 'de', accept: 'text/plain' });
    for (const name of ['authorization', 'Host', 'cookie', '__proto__', 'constructor', 'content-length']) {
      expect(faultsOf({ headers: Object.fromEntries([[name, 'x']]) })).toMatchObject([
        expect.stringContaining('a query may set: accept, '),
      ]);
    }
  });

  it.each(['a\r\nb: c', 'a\nb', 'a\u0000', '\u0100', 'a\u007f', ' a', 'a ', '\ta', 'a\t', ' '])(
    '%j is refused, written out or filled in',
    (value) => {
      expect(faultsOf({ headers: { accept: value } })).toHaveLength(1);
      expect(faultsOf({ headers: { accept: new Filled(value) } })).toHaveLength(1);
    },
  );

  it.each(['', 'a', 'a b', 'a\tb', '\u00a0a\u0085'])('%j is sent as it is, written out or filled in', (value) => {
    expect(compiled(source, 'get', { headers: { accept: value } }).query.headers).toEqual({ accept: value });
    expect(compiled(source, 'get', { headers: { accept: new Filled(value) } }).query.headers).toEqual({
      accept: value,
    });
  });

  it.each([[null], [['a', 'b']], [{}]])('%j is refused: it has no text', (value) => {
    expect(faultsOf({ headers: { accept: new Filled(value) } })).toHaveLength(1);
  });

  it.each([
    ['written out', (it: string) => it],
    ['filled in', (it: string) => new Filled(it)],
  ])('has at most 8,192 characters, all together 16,384 with their names: %s', (_how, value) => {
    const long = value('x'.repeat(8192));
    expect(faultsOf({ headers: { accept: long } })).toEqual([]);
    expect(faultsOf({ headers: { accept: value('x'.repeat(8193)) } })).toEqual([
      'headers/accept: a header has at most 8192 characters',
    ]);
    expect(faultsOf({ headers: { accept: value('x'.repeat(60_000_000)) } })).toHaveLength(1);
    const left = 16_384 - 8192 - 'acceptrange'.length;
    expect(faultsOf({ headers: { accept: long, range: value('x'.repeat(left)) } })).toEqual([]);
    expect(faultsOf({ headers: { accept: long, range: value('x'.repeat(left + 1)) } })).toEqual([
      'headers: the headers of a query have at most 16384 characters together',
    ]);
  });

  it('is named once', () => {
    expect(faultsOf({ headers: { accept: 'a', Accept: 'b' } })).toMatchObject([
      expect.stringMatching(/^headers\/Accept: /),
    ]);
  });
});

describe('a body', () => {
  it('is JSON with every key, digit and id', () => {
    const body = JSON.parse('{"__proto__": {"a": 1}, "b": [null, true, "\\u2028"]}') as object;
    expect(bodyOf(body)).toEqual({
      text: '{"__proto__":{"a":1},"b":[null,true,"\u2028"]}',
      contentType: 'application/json',
    });
    expect(
      textOf({
        id: new Filled(new ObjectId('66f000000000000000000001')),
        n: [new Filled(new Digits('9007199254740993'))],
      }),
    ).toBe('{"id":"66f000000000000000000001","n":[9007199254740993]}');
  });

  it('may be filled in whole', () => {
    expect(textOf(new Filled({ a: 1 }))).toBe('{"a":1}');
    expect(bodyOf(new Filled('text'))).toEqual({ text: 'text', contentType: 'text/plain; charset=utf-8' });
    expect(textOf(null)).toBe('null');
    expect(bodyOf(undefined)).toBeUndefined();
    expect(faultsOf({ body: { a: [new Placeholder('$result')] } }, 'post')).toEqual([]);
  });

  it.each<[string, unknown, unknown]>([
    ['filled in', new Filled(many), many],
    ['filled in twice', { a: [new Filled(many)], b: { c: new Filled(many) } }, { a: [many], b: { c: many } }],
    ['written out', many, many],
    ['numbers that differ in their sign', { a: many, b: [new Filled(0), new Filled(-0), 0] }, { a: many, b: ZEROS }],
    ['one text', new Filled([long]), [long]],
    ['small members, very many', { a: many.map((member) => new Filled(member)), b: [] }, { a: many, b: [] }],
  ])('that is large is written when it is sent, as any other: %s', async (_name, body, sent) => {
    const compiled = bodyOf(body) as RestBody as UnwrittenBody;
    expect(compiled).not.toHaveProperty('text');
    const bytes = await new Work(Infinity).do(bodyBytes(compiled));
    expect(bytes.toString()).toBe(JSON.stringify(sent).replace('"zeros"', '0,-0.0,0'));
    expect(compiled.contentType).toBe('application/json');
  });

  it('that is large and nested too deep is refused when it is sent', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 1001; depth++) deep = [deep];
    const compiled = bodyOf([new Filled(many), new Filled(deep)]) as RestBody as UnwrittenBody;
    expect(() => atOnce(bodyBytes(compiled))).toThrow(
      expect.objectContaining({ code: 'INVALID', message: expect.stringMatching(/1,000/) as string }),
    );
  });

  it('that is a long text is written when it is sent, and refused then if it is none', () => {
    const wide = 'a\u{1f600}'.repeat(200_000);
    const compiled = (text: string) => bodyOf(new Filled(text)) as RestBody as UnwrittenBody;
    expect(compiled(wide).contentType).toBe('text/plain; charset=utf-8');
    expect(atOnce(bodyBytes(compiled(wide))).equals(Buffer.from(wide))).toBe(true);
    expect(() => atOnce(bodyBytes(compiled(`${wide}\ud800`)))).toThrow(
      expect.objectContaining({ code: 'INVALID', message: expect.stringMatching(/lone surrogates/) as string }),
    );
  });

  it('that is nested too deep is refused', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 1001; depth++) deep = [deep];
    expect(faultsOf({ body: new Filled(deep) }, 'post')).toMatchObject([expect.stringMatching(/^body: /)]);
  });

  it.each([
    ['written out', '\ud800'],
    ['filled in', new Filled('a\udc00')],
    ['joined', new Filled('a\ud800', [{ text: 'a\ud800', literal: false }])],
  ])('that is a text with half of a surrogate pair is refused: %s', (_how, body) => {
    expect(faultsOf({ body }, 'post')).toEqual(['body: a text without lone surrogates is allowed here']);
  });

  it.each([
    ['in a small one', { a: new Filled('\ud800') }, '{"a":"\\ud800"}'],
    ['as a key', { a: new Filled({ '\ud800': 1 }) }, '{"a":{"\\ud800":1}}'],
  ])('of JSON keeps half of a surrogate pair as an escape: %s', (_where, body, text) => {
    expect(textOf(body)).toBe(text);
  });

  it('is for post alone', () => {
    expect(faultsOf({ body: 1 })).toHaveLength(1);
  });
});

describe('a method', () => {
  it('is one that the source lists; get and head unless told', () => {
    const allowed = (options: RestOptions) => Object.keys(rest.ops).filter((op) => rest.allows?.(op, options));
    expect(allowed(source)).toEqual(['get', 'post']);
    expect(allowed(restOptions({ url: 'https://api.example' }))).toEqual(['get', 'head']);
  });
});

describe('the options of a source', () => {
  it.each([
    ['url', 'ftp://api.example'],
    ['url', 'api.example'],
    ['url', 'https://user:secret@api.example'],
    ['url', 'https://api.example/?a=1'],
    ['url', 'https://api.example/#a'],
    ['url', 'https://api.example/v1/../v2'],
    ['url', 'https://api.example/v1/%2e%2e/'],
    ['url', 'https://api.example/..;/v1'],
    ['url', 'https://api.example/v1/a%00'],
    ['url', 'https://api.example/v1/%c0%ae'],
    ['url', 'https:\\\\api.example\\..'],
    ['userAgent', ''],
    ['userAgent', 'a\r\nb: secret'],
    ['maxHeaderBytes', 1023],
    ['maxHeaderBytes', 1_048_577],
    ['maxHeaderBytes', '16k'],
    ['pipelining', 0],
    ['pipelining', 17],
    ['pipelining', 1.5],
    ['pipelining', true],
    ['responseHeaders', ['Set-Cookie']],
    ['responseHeaders', ['set-cookie2']],
    ['responseHeaders', ['Transfer-Encoding']],
    ['responseHeaders', ['keep-alive']],
    ['responseHeaders', ['a b']],
    ['responseHeaders', 'link'],
    ['headers', { Host: 'a' }],
    ['headers', { 'content-length': '1' }],
    ['headers', { Connection: 'close' }],
    ['headers', { 'transfer-encoding': 'chunked' }],
    ['headers', { a: 'b\r\nc' }],
    ['headers', { 'a b': 'c' }],
    ['headers', { Authorization: 'secret', authorization: 'secret' }],
    ['requestHeaders', ['host']],
    ['forwardHeaders', ['Upgrade']],
    ['forwardHeaders', ['a b']],
    ['methods', ['put']],
    ['methods', []],
  ])('refuse %s %j, and repeat no value', (field, value) => {
    const { error } = rest.options.safeParse({ url: 'https://api.example', [field]: value });
    expect(error?.issues[0]?.path[0]).toBe(field);
    expect(error?.message).not.toMatch(/secret|b\r/);
  });

  it('have the defaults that docs/configuration.md names', () => {
    expect(rest.options.parse({ url: 'https://api.example' })).toEqual({
      url: 'https://api.example',
      headers: {},
      methods: ['get', 'head'],
      requestHeaders: ['accept', 'accept-language', 'if-none-match', 'if-modified-since', 'range'],
      forwardHeaders: [],
      responseHeaders: [],
      userAgent: `codap/${version()}`,
      maxHeaderBytes: 16_384,
      pipelining: 1,
      merge: [],
    });
  });
});
