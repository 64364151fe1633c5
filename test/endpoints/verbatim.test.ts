import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startService, startTexts } from '../service.ts';

const TEXTS = [
  '9007199254740993',
  '-18446744073709551616',
  '1.0',
  '1e2',
  '1E+2',
  '-0',
  '-0.0',
  '0.1000',
  '9007199254740993.0',
  '123456789012345678901234567890.12345678901234567890',
  '4503599627370497.50',
  '-3.00000000000000000001',
  '12345678901234567891e0',
  '9007199254740993E+0',
  '1e22',
  '"\\u0041\\/\\n"',
  '"ü😀"',
  '"\\ud83d\\ude00"',
  '{"a":1,"a":2,"b":{"c":1.50,"c":1.5}}',
  '{"__proto__":{"x":1},"constructor":{"prototype":null},"toString":"x","":0}',
  '  { "a" :\t[ 1 ,\r\n 2.0 ] }  ',
  '[ ]',
  '{\n}',
  'null',
  ' null\n',
  'true',
  '[1E400,1e-400]',
  '-1.5e-400',
  `${'['.repeat(500)}${']'.repeat(500)}`,
];

const texts = new Map(TEXTS.map((text, at) => [`/${at}`, text]));
const query = (at: number | string) => ({ source: 'texts', op: 'get', params: { path: [at] } });

let service: Service;
let store: Awaited<ReturnType<typeof startTexts>>;
beforeAll(async () => {
  store = await startTexts(texts);
  service = await startService({ sources: { texts: { adapter: 'rest', url: store.url } } });
});
afterAll(async () => {
  await service.close();
  await store.close();
});

/** An answer's text up to a reply's meta. */
const spliced = (text: string) => `"status":"ok","value":${text},"meta":`;

describe('JSON of a REST store reaches the client as it is', () => {
  it.each(TEXTS.map((text, at) => [text.slice(0, 60), at] as const))('%s', async (_text, at) => {
    const text = TEXTS[at] as string;
    const replies = await service.post('/kv', { queries: { a: query(at) } });
    expect(replies.text).toContain(spliced(text));
    const values = await service.post('/ordered', { shape: 'values', queries: [query(at), query(at)] });
    expect(values.text).toContain(text);
    expect(values.text.split(text).length - 1).toBeGreaterThanOrEqual(2);
    const group = await service.post('/kv', {
      queries: { g: { pattern: 'first-reply', take: 1, queries: [query(at)] } },
    });
    expect(group.text).toContain(text);
  });

  it('whatever it is', async () => {
    const spaces = fc.stringMatching(/^[ \t]{0,2}$/);
    const key = fc.string({ maxLength: 4 }).map((text) => JSON.stringify(text));
    const number = fc
      .tuple(fc.stringMatching(/^-?(?:0|[1-9]\d{0,25})(?:\.\d{1,5})?(?:[eE][+-]?\d{1,3})?$/), spaces)
      .map((parts) => parts.join(''));
    const { value } = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        number,
        key,
        fc.constantFrom('null', 'true', 'false'),
        fc
          .array(fc.tuple(spaces, tie('value')))
          .map((members) => `[${members.map((parts) => parts.join('')).join(',')}]`),
        fc
          .array(fc.tuple(spaces, key, spaces, tie('value')))
          .map(
            (members) =>
              `{${members.map(([before, name, after, member]) => `${before}${name}${after}:${member}`).join(',')}}`,
          ),
      ),
    }));
    let count = 0;
    await fc.assert(
      fc.asyncProperty(value, async (text) => {
        const path = `any${(count += 1)}`;
        texts.set(`/${path}`, text);
        const answer = await service.post('/kv', { queries: { a: query(path) } });
        expect(answer.text).toContain(spliced(text));
      }),
      { numRuns: 150 },
    );
  });
});

it('null is found wanting whatever stands around it', async () => {
  for (const text of ['null', ' null\n']) {
    const { results } = await service.kv({ a: { ...query(TEXTS.indexOf(text)), accept: 'found' } });
    expect(results.a).toMatchObject({ status: 'error', error: { code: 'NOT_FOUND', source: 'texts' } });
  }
});

describe('what looks into it keeps what it was', () => {
  it('large integers keep their digits through a reference, select and $join', async () => {
    const { results } = await service.kv({
      big: { source: 'catalog', op: 'get', params: { path: '/json/big-int' } },
      echo: {
        source: 'catalog',
        op: 'get',
        params: {
          path: ['echo', { $result: '/big/id' }],
          query: { all: { $result: '/big/ids' }, joined: { $join: ['n', { $result: '/big/ids' }] } },
        },
      },
    });
    expect(results.echo.value.path).toBe('/echo/9007199254740993');
    expect(results.echo.value.query).toEqual({
      all: ['18446744073709551615', '-9007199254740993'],
      joined: 'n18446744073709551615,-9007199254740993',
    });
  });

  it.each(TEXTS.filter((text) => /^-?(?:\d{16}|1\.5e-400|3\.0)/.test(text) || text === '-0.0'))(
    'so do other numbers that a double does not hold, or only with its sign: %s',
    async (text) => {
      const at = TEXTS.indexOf(text);
      const answer = await service.post('/kv', {
        shape: 'values',
        queries: {
          a: query(at),
          selected: { ...query(at), select: { n: '' } },
          filled: { source: 'catalog', op: 'get', params: { path: '/echo', query: { n: { $result: '/a' } } } },
          same: { ...query(at), when: { equals: [{ $result: '/a' }, { $result: '/selected/n' }] } },
          joined: { ...query(at), when: { equals: [{ $join: [{ $result: '/a' }] }, text] } },
          text: { ...query(at), when: { equals: [{ $result: '/a' }, text === '-0.0' ? 0 : text] } },
        },
      });
      expect(answer.text).toContain(`"a":${text},"selected":{"n":${text}},`);
      expect(answer.text).toContain(`"query":{"n":"${text}"}`);
      expect(answer.text).toContain(`"same":${text},"joined":${text},"text":${text}`);
    },
  );

  it('keys such as __proto__ are keys like any other, in an answer, a reference, a select and a request', async () => {
    const hostile = query(TEXTS.findIndex((text) => text.includes('__proto__')));
    const body = `{"shape":"values","queries":{"__proto__":${JSON.stringify(hostile)},"constructor":${JSON.stringify({
      ...hostile,
      select: { inner: '/__proto__/x', all: '' },
    })},"toString":{"source":"catalog","op":"get","params":{"path":"/echo","query":{"x":{"$result":"/__proto__/__proto__/x"}}},"select":"/query/x"}}}`;
    const answer = await service.post('/kv', body);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.text).toContain('"__proto__":{"__proto__":{"x":1}');
    const values = answer.json();
    expect(Object.keys(values)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(values.constructor).toMatchObject({ inner: 1 });
    expect(Object.hasOwn(values.constructor.all, '__proto__')).toBe(true);
    expect(values.toString).toBe('1');
  });
});
