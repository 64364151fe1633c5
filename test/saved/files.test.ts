import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check } from '../../src/cli/check.ts';
import { loadWhole } from '../../src/cli/load-whole.ts';
import { ConfigError } from '../../src/config/load.ts';
import { loadConfig } from '../configured.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codap-saved-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes files, of which the first is the configuration; answers its path. */
async function written(files: Record<string, string>): Promise<string> {
  const at = join(folder, crypto.randomUUID());
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(at, name)), { recursive: true });
    await writeFile(join(at, name), text);
  }
  return join(at, Object.keys(files)[0]!);
}

/** What `codap check` says is wrong, unless it is another that looks: a line each, without the folder. */
async function faultsOf(
  files: Record<string, string>,
  look: (file: string) => Promise<unknown> = (file) => check(file, false, {}),
): Promise<string[]> {
  const file = await written(files);
  try {
    await look(file);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.replaceAll(`${dirname(file)}/`, '').split('\n');
  }
}

const SHOP =
  'sources: { shop: { adapter: mongo, url: "mongodb://127.0.0.1:9", database: shop, collections: [users] } }\n';

/** The JSON that a saved batch, written so in YAML, is read as. */
async function readAs(yaml: string): Promise<string> {
  const file = await written({ 'codap.yaml': 'batches: { b: b.yaml }', 'b.yaml': yaml });
  const { batches } = await loadConfig(file);
  const [{ json, faults, unfit = [] }] = batches as [(typeof batches)[0]];
  const told = [
    ...faults.map(({ path, detail }) => `${path}: ${detail}`),
    ...unfit.map(({ pointer, detail }) => `${pointer}: ${detail}`),
  ];
  return told.length > 0 ? told.join('\n') : String(json);
}

describe('codap check', () => {
  it('tells all faults of all files at once, with file, batch and pointer', async () => {
    expect(
      await faultsOf({
        'codap.yaml': [
          'server: { port: x }',
          SHOP,
          'batches:',
          '  syntax: in/syntax.yaml',
          '  twice: in/twice.json',
          '  missing: in/none.yaml',
          '  folder: in',
          '  planned: in/planned.yaml',
          '  params: { pattern: kv, params: { p: { type: text } }, queries: {} }',
          '  unknown: { pattern: kv, queries: { a: { source: nowhere, op: find } } }',
          '  number: 5',
          '  list: in/list.json',
          '  empty: in/empty.yaml',
          '  right: { pattern: kv, queries: {} }',
          '  a b: { pattern: kv, queries: {} }',
        ].join('\n'),
        'in/syntax.yaml': 'pattern: "kv\n',
        'in/twice.json': '{"pattern":"kv","queries":{},"pattern":"kv"}',
        'in/planned.yaml':
          'pattern: ordered\nqueries:\n  - { source: shop, op: find, params: { collection: secret, filter: { $where: "1" } } }\n',
        'in/list.json': '["kv"]',
        'in/empty.yaml': '',
      }),
    ).toEqual([
      'server.port: a whole number from 0 to 65535 is allowed here',
      'codap.yaml: batches.number: a saved batch, or the path of its file, is allowed here',
      'codap.yaml: batches.a b: a name of 1 to 64 letters, digits, _ and -, beginning with a letter or digit, is allowed here',
      expect.stringMatching(/^in\/syntax\.yaml:2:1: batches\.syntax: Missing closing "quote$/) as string,
      'in/twice.json:1:30: batches.twice: Map keys must be unique',
      'codap.yaml: batches.missing: the file in/none.yaml cannot be read (ENOENT)',
      'codap.yaml: batches.folder: the file in cannot be read (EISDIR)',
      'in/planned.yaml: batches.planned#/queries/0/params/filter/$where: this operator is not allowed; allowed here: $and, $or, $nor, $expr, $jsonSchema, $text, $comment, $sampleRate',
      'in/planned.yaml: batches.planned#/queries/0/params/collection: allowed here: users',
      'codap.yaml: batches.params#/params/p/type: allowed here: string, number, integer, boolean, or a list of one such as [string]',
      expect.stringMatching(/^codap\.yaml: batches\.unknown#\/queries\/a\/source: /) as string,
      'in/list.json: batches.list#: an object is allowed here',
      'in/empty.yaml: batches.empty#: an object is allowed here',
    ]);
  });

  it('tells what YAML says and JSON cannot beside all else, and once', async () => {
    const batch =
      '{ pattern: kv, params: { __proto__: { type: string }, p: { type: number, default: .nan }, 2p: { type: string } },' +
      ' queries: { a: { source: shop, op: x, select: 1, params: { big: 9007199254740993, inf: .inf, key: { [k]: 1 } } } } }';
    expect(await faultsOf({ 'codap.yaml': `${SHOP}batches: { b: ${batch} }` })).toEqual([
      'codap.yaml: batches.b#/params/p/default: a finite number is allowed here',
      'codap.yaml: batches.b#/queries/a/params/inf: a finite number is allowed here',
      'codap.yaml: batches.b#/queries/a/params/key: a key is a text',
      expect.stringMatching(/^codap\.yaml: batches\.b#\/queries\/a\/params\/big: an integer beyond/) as string,
      expect.stringMatching(/^codap\.yaml: batches\.b#\/params\/__proto__: a name of 1 to 64/) as string,
      expect.stringMatching(/^codap\.yaml: batches\.b#\/params\/2p: a name of 1 to 64/) as string,
      'codap.yaml: batches.b#/queries/a/select: a pointer or an object of pointers is allowed here',
      expect.stringMatching(/^codap\.yaml: batches\.b#\/queries\/a\/op: allowed here: /) as string,
    ]);
  });

  it('tells half a character once, in a key of a REST query, too', async () => {
    const api = 'sources: { api: { adapter: rest, url: "http://127.0.0.1:9/" } }\n';
    const batch = '{ pattern: kv, queries: { a: { source: api, op: get, params: { query: { "\\uD800": b } } } } }';
    expect(await faultsOf({ 'codap.yaml': `${api}batches: { b: ${batch} }` })).toEqual([
      'codap.yaml: batches.b#/queries/a/params/query/%EF%BF%BD: the key has a lone surrogate, half a character',
    ]);
  });

  const BATCH = {
    pattern: 'kv',
    params: { p: { type: 'integer', default: 1 }, t: { type: 'string' } },
    maxAgeSeconds: 1,
    queries: {
      a: { source: 'shop', op: 'find', params: { collection: 'users', filter: { n: { $param: '/p' } }, limit: 1 } },
      b: { source: 'shop', op: 'findOne', params: { collection: 'users', sort: { n: 1 } }, when: { equals: [1, 2] } },
      c: { pattern: 'first-reply', take: 1, queries: [{ source: 'shop', op: 'find', params: {}, select: '/n' }] },
    },
  };

  /** The JSON of what is like a value, but has a number in the place of one part of it, for each part. */
  function* withNumber(value: unknown, number: string): Generator<string> {
    yield number;
    if (typeof value !== 'object' || value === null) return;
    for (const [key, part] of Object.entries(value))
      for (const json of withNumber(part, number)) {
        const others = Object.entries(value).map(([name, one]) => [name, name === key ? '@' : one]);
        const whole = Array.isArray(value) ? others.map(([, one]) => one as unknown) : Object.fromEntries(others);
        yield JSON.stringify(whole).replace('"@"', () => json);
      }
  }

  it.each([
    ['9007199254740993', 'an integer beyond'],
    ['3.00000000000000000001', 'a number whose fraction'],
    ['1e400', 'a number out of range'],
  ])('tells of %s no more than of another number, wherever it stands', async (number, detail) => {
    const files = (batches: Generator<string>) =>
      Object.fromEntries(Array.from(batches, (json, at) => [`b${at}.json`, json]));
    const told = async (beyond: string) => {
      const batches = files(withNumber(BATCH, beyond));
      const named = Object.keys(batches).map((name) => `${name.split('.')[0]}: ${name}`);
      const faults = await faultsOf({ 'codap.yaml': `${SHOP}batches: { ${named.join(', ')} }`, ...batches });
      return faults.map((fault) => /^(b\d+\.json: [^:]*): (.*)$/.exec(fault)!.slice(1) as [string, string]);
    };
    const [others, faults] = [await told('-1.5'), await told(number)];
    const known = faults.filter(([, text]) => text.startsWith(detail)).map(([place]) => place);
    expect(known).toHaveLength([...withNumber(BATCH, number)].length);
    expect(faults.map(([place]) => place).toSorted()).toEqual(
      [...new Set([...known, ...others.map(([place]) => place)])].toSorted(),
    );
  });

  it('tells the same as serving and reading again do, where there are others', async () => {
    const batches = 'batches: { b: { pattern: kv, queries: { a: { source: none, op: get } } }, f: none.yaml }';
    const files = { 'codap.yaml': `server: { port: x }\n${SHOP}${batches}` };
    const told = await faultsOf(files);
    expect(told).toHaveLength(3);
    expect(await faultsOf(files, (file) => loadWhole(file, {}))).toEqual(told);
  });

  it('says so of what is nested much too deep', async () => {
    const nested = `${'['.repeat(600)}1${']'.repeat(600)}`;
    const batch = `{ pattern: kv, queries: { a: { source: shop, op: find, default: ${nested}, select: ${nested} } } }`;
    expect((await faultsOf({ 'codap.yaml': `${SHOP}batches: { b: ${batch} }` })).join()).toContain('nested deeper');
  });

  it('says nothing of a source that is there, but wrong, as if it were not', async () => {
    const sources = 'sources: { gone: { adapter: rest, url: "${NOPE}" }, bad: { adapter: rest, url: x } }\n';
    const queries =
      '{ a: { source: gone, op: get }, b: { source: bad, op: get }, c: { source: bad, op: get, take: 1 } }';
    expect(await faultsOf({ 'codap.yaml': `${sources}batches: { b: { pattern: kv, queries: ${queries} } }` })).toEqual([
      'sources.gone.url: the environment variable NOPE is not set',
      'sources.bad.url: an http or https URL is allowed here',
      expect.stringMatching(/batches\.b#\/queries\/c\/take: unknown field/) as string,
    ]);
  });

  it.each([
    ['another name', 'a: { source: shpo, op: find }', ['#/queries/a/source: no such source; allowed here: bad, shop']],
    [
      'that and its own',
      'a: { source: bad, op: get }, b: { source: constructor, op: get }',
      ['#/queries/b/source: no such source; allowed here: bad, shop'],
    ],
    ['none', 'a: { op: get }', ['#/queries/a/source: source is missing; allowed here: bad, shop']],
    ['no name', 'a: { source: 5, op: get }', ['#/queries/a/source: allowed here: bad, shop']],
    [
      'a param of that name',
      'a: { source: shop, op: find, params: { collection: users, filter: {}, source: 1 } }',
      [expect.stringMatching(/^#\/queries\/a\/params\/source: unknown field/) as string],
    ],
  ])('beside a source that is wrong tells what is wrong where a query names %s', async (_, queries, told) => {
    const sources = SHOP.replace('{', '{ bad: { adapter: rest, url: x },');
    const all = await faultsOf({ 'codap.yaml': `${sources}batches: { b: { pattern: kv, queries: { ${queries} } } }` });
    expect(all.map((line) => line.replace('codap.yaml: batches.b', ''))).toEqual([
      'sources.bad.url: an http or https URL is allowed here',
      ...told,
    ]);
  });

  it('names no source whose name can be none, and no file without a path', async () => {
    const sources = SHOP.replace('{', '{ "c d": { adapter: rest, url: "http://a.example" },');
    const batches = 'b: { pattern: kv, queries: { a: { source: none, op: get }, c: { source: c d, op: get } } }, f: ""';
    expect((await faultsOf({ 'codap.yaml': `${sources}batches: { ${batches} }` })).toSorted()).toEqual([
      'codap.yaml: batches.b#/queries/a/source: no such source; allowed here: shop',
      'codap.yaml: batches.b#/queries/c/source: no such source; allowed here: shop',
      'codap.yaml: batches.f: a saved batch, or the path of its file, is allowed here',
      expect.stringMatching(/^sources\.c d: a name of 1 to 64 letters/) as string,
    ]);
  });

  it.each([
    ['{ depth: 60, work: 5 }', ['limits.work']],
    ['{ depth: 60, deep: 5 }', ['limits.deep']],
    ['{ depth: 5000 }', ['limits.depth']],
    ['{ depth: "60" }', ['limits.depth']],
    ['{ depth: 40, work: 5 }', ['limits.work', 'codap.yaml']],
    ['{ depth: 60, keyChars: 1, work: 5 }', ['limits.work', 'codap.yaml']],
  ])('holds saved batches to what is right of the limits: %s', async (limits, told) => {
    const nested = `${'['.repeat(45)}1${']'.repeat(45)}`;
    const batch = `{ pattern: kv, queries: { aa: { source: shop, op: find, params: { collection: users, filter: { x: ${nested} } } } } }`;
    const all = await faultsOf({ 'codap.yaml': `limits: ${limits}\n${SHOP}batches: { b: ${batch} }` });
    expect(all.map((line) => line.slice(0, line.indexOf(':')))).toEqual(told);
  });

  it('tells where its paths start: at the folder of the configuration', async () => {
    const file = await written({
      'codap.yaml': `${SHOP}batches: { b: ./in/b.yaml }`,
      'in/b.yaml': 'pattern: kv\nqueries: {}\n',
    });
    expect(await check(file, false, {})).toBe(0);
  });
});

describe('what YAML says is read exactly', () => {
  it.each([
    [
      'keys in their order, also those like integers',
      '{ b: 1, 10: 2, "2": 3, a: { 1: x, 0: y } }',
      '{"b":1,"10":2,"2":3,"a":{"1":"x","0":"y"}}',
    ],
    [
      'integers with all their digits',
      '{ a: 9007199254740993, b: -123456789012345678901234567890, c: 0x10, d: 0o17 }',
      '{"a":9007199254740993,"b":-123456789012345678901234567890,"c":16,"d":15}',
    ],
    [
      'fractions, exponents, and what is none',
      '{ a: 1.50, b: 1e3, c: 1.0.0, d: .5, e: 5., f: +1.5E+3, g: -.5e-7, h: 1e20, i: 010, j: -007.50, k: 0x00ff }',
      '{"a":1.50,"b":1e3,"c":"1.0.0","d":0.5,"e":5,"f":1.5E+3,"g":-0.5e-7,"h":1e20,"i":10,"j":-7.50,"k":255}',
    ],
    [
      'more digits than a double has, for whoever reads them to refuse',
      '{ a: 9007199254740993.0, b: 1e400 }',
      '{"a":9007199254740993.0,"b":1e400}',
    ],
    ['the sign of nought', '{ a: -0, b: -0.0, c: 0, d: -0e5, e: [-0] }', '{"a":-0,"b":-0.0,"c":0,"d":-0e5,"e":[-0]}'],
    [
      'keys as they are written',
      '{ 1.10: a, 010: b, 0x10: c, -0: d, 1e3: e, .inf: f, True: g, Null: h, !!int 7: i, 1.50: { ~: j, a: { ? : k } } }',
      '{"1.10":"a","010":"b","0x10":"c","-0":"d","1e3":"e",".inf":"f","True":"g","Null":"h","7":"i","1.50":{"~":"j","a":{"":"k"}}}',
    ],
    [
      'keys as they are written, also where they are merged',
      'x: &x { 1.10: a, 2.0: b }\ny: { <<: *x, 1.10: c }',
      '{"x":{"1.10":"a","2.0":"b"},"y":{"1.10":"c","2.0":"b"}}',
    ],
    [
      'texts that look like something else',
      '{ a: 2001-12-14, b: yes, c: NO, d: 12:30, e: 1_000, f: "5" }',
      '{"a":"2001-12-14","b":"yes","c":"NO","d":"12:30","e":"1_000","f":"5"}',
    ],
    [
      'true, false and null',
      '{ a: true, b: False, c: null, d: ~, e: }',
      '{"a":true,"b":false,"c":null,"d":null,"e":null}',
    ],
    [
      'anchors, aliases and <<',
      'x: &x { a: 1 }\ny: *x\nz: { <<: *x, b: 2 }',
      '{"x":{"a":1},"y":{"a":1},"z":{"a":1,"b":2}}',
    ],
    [
      'aliases that are keys',
      'a: [&x 1.10, &t True, &n ~]\nb: { *x : 1, *t : 2, *n : 3 }',
      '{"a":[1.10,true,null],"b":{"1.10":1,"True":2,"~":3}}',
    ],
    [
      'aliases of keys',
      'a: { &x 1.10: 1, &t True: 2, &n ~: 3, &s s: 4 }\nb: [*x, *t, *n, *s]',
      '{"a":{"1.10":1,"True":2,"~":3,"s":4},"b":[1.10,true,null,"s"]}',
    ],
    [
      'anchors that are given anew',
      'a: [&x 1.10, *x, &x s, *x, &x 2.0, *x, &x [3.0], *x]',
      '{"a":[1.10,1.10,"s","s",2.0,2.0,[3.0],[3.0]]}',
    ],
    [
      'JSON',
      '{"a": [1, "\\u00e9\\n", {}], "__proto__": {"constructor": 1}}',
      '{"a":[1,"é\\n",{}],"__proto__":{"constructor":1}}',
    ],
    ['variables as they stand', 'a: "${HOME} ${NOPE}"', '{"a":"${HOME} ${NOPE}"}'],
  ])('%s', async (_, yaml, json) => {
    expect(await readAs(yaml)).toBe(json);
  });

  it.each([
    ['a: { b: [1, .inf] }', '#/a/b/1: a finite number is allowed here'],
    ['a: .nan', '#/a: a finite number is allowed here'],
    ['a: &x { b: *x }', 'an alias'],
    ['a: { [1, 2]: b }', '#/a: a key is a text'],
    ['a: 1\n---\nb: 2', 'b.yaml:2:1: batches.b: one document is allowed in a file'],
    ['a: !!binary aGk=', '#/a: JSON is allowed here'],
    ['a: !!set { b }', '#/a: JSON is allowed here'],
  ])('%j is a fault', async (yaml, told) => {
    expect(await readAs(yaml)).toContain(told);
  });
});
