import { mkdtemp, mkdtempDisposable, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Adapter } from '../adapters/adapter.ts';
import { ConfigError, type Env, readBatches } from '../src/config/load.ts';
import { fill } from '../src/config/variables.ts';
import { warningsOf } from '../src/config/warnings.ts';
import { readYaml } from '../src/config/yaml.ts';
import { parseConfig, loadConfig } from './configured.ts';

const options = z.strictObject({
  url: z.url(),
  password: z.string().optional(),
  maxDocuments: z.int().min(1).default(10_000),
  fast: z.boolean().default(false),
});
const ops = { get: { params: z.unknown() }, head: { params: z.unknown() } };
const adapter = { options, ops, defaults: { concurrency: 512 } } as unknown as Adapter;
const adapters = { rest: adapter, shelf: adapter };
const parse = (raw: unknown, env: Env = {}) => parseConfig(raw, env, adapters);
const JWT = { issuer: 'https://i/', audience: 'a', jwks: 'https://i/jwks.json' };
const withSource = (source: unknown) => ({ sources: { shop: source } });

function faultsOf(work: () => unknown): Record<string, string> {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return Object.fromEntries(error.faults.map(({ path, detail }) => [path, detail]));
    throw error;
  }
  throw new Error('no fault was found');
}

const problemsOf = (text: string) => Object.entries(faultsOf(() => readYaml(text, 'codap.yaml').plain));

describe('defaults', () => {
  it('are those that docs/configuration.md names', () => {
    expect(parse({})).toEqual({
      server: {
        host: '127.0.0.1',
        port: 8080,
        workers: 1,
        timeoutMs: 2000,
        maxTimeoutMs: 30000,
        graceMs: 10000,
        maxInFlight: 1000,
        bufferBytes: 512 * 2 ** 20,
        maxConnections: 10_000,
        adhoc: true,
        mcp: false,
        maxToolBytes: 65_536,
        corsOrigins: [],
        hosts: [],
        traceStatements: false,
      },
      limits: {
        bodyBytes: 1048576,
        depth: 32,
        queries: 500,
        nesting: 4,
        keyChars: 256,
        calls: 1000,
        answerBytes: 67108864,
        work: 5_000_000,
        streamIdleMs: 30000,
        streamMs: 3600000,
      },
      sources: {},
      folder: '.',
      batches: [],
    });
  });

  it('give a source its name, what every source has, and what its adapter adds', () => {
    const { sources } = parse(withSource({ adapter: 'rest', url: 'http://a.example/' }));
    expect(sources['shop']).toEqual({
      name: 'shop',
      adapter: 'rest',
      url: 'http://a.example/',
      maxDocuments: 10_000,
      fast: false,
      timeoutMs: 2000,
      concurrency: 512,
      queue: 1000,
      maxBytes: 8 * 2 ** 20,
      describe: false,
      cache: false,
      coalesce: true,
      retry: { attempts: 2, budget: 0.1, perSecond: 1 },
      hedge: false,
      breaker: { ratio: 0.5, calls: 20, openMs: 5000 },
      rate: false,
    });
  });

  it.each([
    ['retry', true, { attempts: 2, budget: 0.1, perSecond: 1 }],
    ['retry', { attempts: 4 }, { attempts: 4, budget: 0.1, perSecond: 1 }],
    ['retry', false, false],
    ['hedge', true, { percentile: 0.92, budget: 0.1 }],
    ['breaker', { openMs: 100 }, { ratio: 0.5, calls: 20, openMs: 100 }],
    ['breaker', false, false],
    ['rate', { perSecond: 50, burst: 10 }, { perSecond: 50, burst: 10 }],
  ])('of a layer: %s: %j is %j', (option, given, value) => {
    const { sources } = parse(withSource({ adapter: 'rest', url: 'http://a.example/', [option]: given }));
    expect(sources['shop']).toMatchObject({ [option]: value });
  });
});

it.each([
  [false, false],
  [{ ttlMs: 5 }, { ttlMs: 5, staleMs: 0, notFoundMs: 0, maxBytes: 67_108_864 }],
])('a cache that says %j is %j', (cache, expected) => {
  const { sources } = parse(withSource({ adapter: 'rest', url: 'http://a.example/', cache }));
  expect(sources['shop']!.cache).toEqual(expected);
});

describe('faults', () => {
  it.each<[object, string, string]>([
    [{ breaker: 1 }, 'breaker', 'true or false or an object is allowed here'],
    [{ breaker: [] }, 'breaker', 'true or false or an object is allowed here'],
    [{ breaker: null }, 'breaker', 'true or false or an object is allowed here'],
    [{ breaker: { ratio: 0 } }, 'breaker.ratio', 'a number from 0.01 to 1 is allowed here'],
    [{ breaker: { calls: 1.5 } }, 'breaker.calls', 'a whole number from 1 to 1000000 is allowed here'],
    [{ breaker: { pauseMs: 1 } }, 'breaker.pauseMs', 'unknown field; allowed here: ratio, calls, openMs'],
    [{ rate: 50 }, 'rate', 'false or an object is allowed here'],
    [{ rate: { perSecond: 50 } }, 'rate.burst', 'burst is missing; a whole number from 1 to 1000000 is allowed here'],
    [{ rate: { perSecond: '50', burst: 1 } }, 'rate.perSecond', 'a number from 0.001 to 1000000 is allowed here'],
  ])('of a layer name what is wrong inside it: %j', (own, path, detail) => {
    const read = () => parse(withSource({ adapter: 'rest', url: 'http://a.example/', ...own }));
    expect(faultsOf(read)).toEqual({ [`sources.shop.${path}`]: detail });
  });

  it('are none where a number inside a layer comes from a variable', () => {
    const rate = { perSecond: '${RATE}', burst: '${BURST:-10}' };
    const { sources } = parse(withSource({ adapter: 'rest', url: 'http://a.example/', rate }), { RATE: '50' });
    expect(sources['shop']).toMatchObject({ rate: { perSecond: 50, burst: 10 } });
  });

  it('are ops that the source itself does not allow', () => {
    const source = { adapter: 'rest', url: 'https://api.example/', ops: ['get', 'post'] };
    expect(faultsOf(() => parseConfig(withSource(source)))).toEqual({
      'sources.shop.ops.1': 'with what else this source says, allowed here: get, head',
    });
    expect(() => parseConfig(withSource({ ...source, methods: ['get', 'post'] }))).not.toThrow();
  });

  it('are what a layer does not know, beside true and false', () => {
    const source = { adapter: 'rest', url: 'http://a.example/', hedge: 'yes' };
    expect(faultsOf(() => parse(withSource({ ...source, retry: { attempts: 'x', budget: 2, tries: 3 } })))).toEqual({
      'sources.shop.hedge': 'true or false or an object is allowed here',
      'sources.shop.retry.attempts': 'a whole number from 1 to 10 is allowed here',
      'sources.shop.retry.budget': 'a number from 0 to 1 is allowed here',
      'sources.shop.retry.tries': 'unknown field; allowed here: attempts, budget, perSecond',
    });
  });

  it('are told of once where a value breaks two rules of one kind', () => {
    const no = z
      .string()
      .refine(() => false, 'no')
      .refine(() => false, 'no');
    const strict = { ...adapter, options: z.strictObject({ url: no }) } as unknown as Adapter;
    const read = () => parseConfig(withSource({ adapter: 'rest', url: 'x' }), {}, { rest: strict });
    expect(read).toThrow(new ConfigError([{ path: 'sources.shop.url', detail: 'no' }]));
  });

  it('name their path and what is allowed, all at once', () => {
    const faults = faultsOf(() =>
      parse({
        server: { prot: 1, port: 70_000 },
        stores: {},
        sources: { shop: { adapter: 'sql' }, other: { adapter: 'rest', url: 'nope', ops: ['put'] } },
      }),
    );
    expect(Object.keys(faults).toSorted()).toEqual([
      'server.port',
      'server.prot',
      'sources.other.ops.0',
      'sources.other.url',
      'sources.shop.adapter',
      'stores',
    ]);
    expect(faults['sources.shop.adapter']).toBe('allowed here: rest, shelf');
    expect(faults['server.prot']).toBe(
      'unknown field (did you mean port?); allowed here: host, port, metricsPort, tls, workers, timeoutMs, maxTimeoutMs, graceMs, maxInFlight, bufferBytes, maxConnections, adhoc, mcp, maxToolBytes, playground, corsOrigins, hosts, traceStatements',
    );
    expect(faults['stores']).toBe('unknown field; allowed here: server, limits, sources, batches, callers');
    expect(faults['sources.other.ops.0']).toBe('allowed here: get, head');
  });

  it('are printed one a line', () => {
    const error = new ConfigError([
      { path: 'a.b', detail: 'one' },
      { path: 'c', detail: 'two' },
    ]);
    expect(error.message).toBe('a.b: one\nc: two');
  });

  it.each(['a b', '-a', '', 'ä', 'a'.repeat(65), '__proto__'])('a source may not be called %j', (name) => {
    const faults = faultsOf(() =>
      parse({
        sources: JSON.parse(`{${JSON.stringify(name)}: {"adapter": "rest", "url": "http://a.example"}}`) as unknown,
      }),
    );
    expect(Object.keys(faults)).toEqual([`sources.${name}`]);
  });

  const rule = 'a name of 1 to 64 letters, digits, _ and -, beginning with a letter or digit, is allowed here';
  it.each([
    ['{ "sources": { "__proto__": {} } }', { 'sources.__proto__': rule }],
    ['{ "batches": { "__proto__": {} } }', { 'configuration: batches.__proto__': rule }],
    ['{ "callers": { "__proto__": {} } }', { 'callers.__proto__': rule }],
    [
      '{ "server": { "__proto__": {} } }',
      { 'server.__proto__': 'unknown field; no field of this name is allowed anywhere' },
    ],
  ])('a fault of what nothing may be called says so: %s', (text, faults) => {
    expect(faultsOf(() => parse(JSON.parse(text)))).toMatchObject(faults);
  });

  it.each([
    ['maxInFligt', 'maxInFlight'],
    ['maxinflight', 'maxInFlight'],
    ['prot', 'port'],
    ['hots', 'hosts'],
  ])('an unknown field that is nearly another: %s', (field, meant) => {
    const detail = faultsOf(() => parse({ server: { [field]: 1 } }))[`server.${field}`];
    expect(detail).toMatch(new RegExp(`^unknown field \\(did you mean ${meant}\\?\\); allowed here: host, port, `));
  });

  it.each(['x', 'prefix', 'connections', 'a'.repeat(500)])('an unknown field that is like no other: %s', (field) => {
    const detail = faultsOf(() => parse({ server: { [field]: 1 } }))[`server.${field}`];
    expect(detail).toMatch(/^unknown field; allowed here: host, port, /);
  });

  it('a source may be called constructor', () => {
    expect(
      parse({ sources: { constructor: { adapter: 'rest', url: 'http://a.example' } } }).sources['constructor'],
    ).toMatchObject({ name: 'constructor' });
  });

  it.each<[unknown, Record<string, string>]>([
    [5, { '': 'false or an object is allowed here' }],
    [true, { '': 'false or an object is allowed here' }],
    [{}, { '.ttlMs': 'ttlMs is missing; a whole number from 0 to 31536000000 is allowed here' }],
    [
      { ttlMs: -1, staleMs: 1.5, maxBytes: 5, ttl: 5 },
      {
        '.ttlMs': 'a whole number from 0 to 31536000000 is allowed here',
        '.staleMs': 'a whole number from 0 to 31536000000 is allowed here',
        '.maxBytes': 'a whole number from 65536 to 1099511627776 is allowed here',
        '.ttl': 'unknown field (did you mean ttlMs?); allowed here: ttlMs, staleMs, notFoundMs, maxBytes',
      },
    ],
  ])('a cache that says %j', (cache, faults) => {
    const found = faultsOf(() => parse(withSource({ adapter: 'rest', url: 'http://a.example/', cache })));
    const expected = Object.entries(faults).map(([path, detail]) => [`sources.shop.cache${path}`, detail]);
    expect(found).toEqual(Object.fromEntries(expected));
  });

  it.each([0, -1, 1.5, 257, 'many', '2', true, null])('%j workers are one', (workers) => {
    expect(faultsOf(() => parse({ server: { workers } }))).toEqual({
      'server.workers': 'auto or a whole number from 1 to 256 is allowed here',
    });
  });

  it.each([
    ['auto', 'auto'],
    ['4', 4],
  ])('%j workers may come from a variable', (text, workers) => {
    expect(parseConfig({ server: { workers: '${WORKERS}' } }, { WORKERS: text }, {}).server.workers).toBe(workers);
  });

  it.each([
    ['numbers', { port: 9, metricsPort: 9 }, ''],
    ['a variable', { port: '${SERVED}', metricsPort: 9 }, ''],
    ['two variables', { port: '${SERVED}', metricsPort: '${MEASURED}' }, ' (from ${MEASURED})'],
  ])('one port for the service and its metrics is one, beside others: %s', (_as, server, origin) => {
    const env = { PORT: '1', SERVED: '9', MEASURED: '9' };
    expect(faultsOf(() => parse({ server: { ...server, timeoutMs: 0 } }, env))).toEqual({
      'server.metricsPort': `another port than server.port is allowed here${origin}`,
      'server.timeoutMs': expect.any(String),
    });
  });

  it.each([
    ['a free one each', { port: 0, metricsPort: 0 }],
    ['that of metrics is the one by default, in place of which the service may be told another', { metricsPort: 8080 }],
  ])('ports are none where they may differ: %s', (_as, server) => {
    expect(parse({ server }).server).toMatchObject(server);
  });

  it('a time-out above the maximum is one', () => {
    const detail = 'at most maxTimeoutMs is allowed here, also of the 2000 that it is where it is left out';
    expect(faultsOf(() => parse({ server: { timeoutMs: 500, maxTimeoutMs: 400 } }))).toEqual({
      'server.timeoutMs': detail,
    });
    expect(faultsOf(() => parse({ server: { maxTimeoutMs: 1000 } }))).toEqual({ 'server.timeoutMs': detail });
  });

  it.each<[string, object, string]>([
    ['server', { timeoutMs: 500, maxTimeoutMs: 400 }, 'timeoutMs'],
    ['s3', { bucket: 'photos', accessKeyId: 'a' }, 'secretAccessKey'],
    ['mongo', { url: 'mongodb://h/?minPoolSize=300', database: 'd', collections: ['a'] }, 'url'],
    ['mongo', { url: 'mongodb://h/', database: 'd', collections: ['a'], unique: { b: ['c'] } }, 'unique.b'],
    ['rest', { url: 'http://h/', ops: ['post'] }, 'ops.0'],
    ['callers', {}, ''],
  ])('rules between fields are told beside what is wrong with others: of %s %j', (what, given, field) => {
    const [place, wrong] = {
      server: [(it: object) => ({ server: it }), { port: 'x' }] as const,
      callers: [(it: object) => ({ callers: { web: it } }), { maxInFlight: 'x' }] as const,
    }[what] ?? [(it: object) => withSource({ ...it, adapter: what }), { queue: 'x' }];
    const told = (it: object) => Object.keys(faultsOf(() => parseConfig(place({ ...given, ...it }))));
    const alone = told({});
    expect(alone).toEqual([expect.stringMatching(`${RegExp.escape(field)}$`)]);
    expect(told(wrong)).toEqual(expect.arrayContaining(alone));
    expect(told(wrong)).toHaveLength(2);
    expect(told({ prot: 1 })).toEqual(expect.arrayContaining(alone));
  });

  it.each<[string, object]>([
    ['server', { timeoutMs: 'x', maxTimeoutMs: 400 }],
    ['s3', { bucket: 'photos', accessKeyId: 5 }],
    ['mongo', { url: 5, database: 'd', collections: ['a'] }],
    ['mongo', { url: 'mongodb://h/', database: 'd', collections: 5, unique: { b: ['c'] } }],
    ['rest', { url: 'http://h/', ops: ['post'], methods: 5 }],
    ['callers', { keys: 5 }],
  ])('and not where one of their own fields is wrong: of %s %j', (what, given) => {
    const raw =
      what === 'server' || what === 'callers'
        ? { [what]: what === 'server' ? given : { web: given } }
        : withSource({ ...given, adapter: what });
    expect(Object.keys(faultsOf(() => parseConfig(raw)))).toHaveLength(1);
  });

  const again = 'a header is allowed here once, in whatever case';
  const other = 'another header than host, content-length, expect and the hop-by-hop ones is allowed here';
  const value = 'the value of a header is allowed here';
  it.each<[object, Record<string, string>]>([
    [
      { Host: 'x', A: '1', a: '2' },
      { Host: other, a: again },
    ],
    [
      { A: '1', a: 'x\ny', B: 5, b: '2', 'c d': '3' },
      { a: again, B: expect.any(String) as string, b: again, 'c d': 'the name of a header is allowed here' },
    ],
    [
      { Host: 'x', host: 'y', C: '\0' },
      { Host: other, host: other, C: value },
    ],
  ])('all faults of headers are told together: %j', (headers, told) => {
    const faults = faultsOf(() => parseConfig(withSource({ adapter: 'rest', url: 'http://a.example/', headers })));
    const path = (name: string): string => `sources.shop.headers.${name}`;
    expect(faults).toEqual(Object.fromEntries(Object.entries(told).map(([name, detail]) => [path(name), detail])));
  });

  const origin = 'an origin such as https://app.example, without a path, is allowed here';
  const written = 'an origin without * is allowed here: each is written out';
  it.each([
    ['https://app.example/', origin],
    ['https://app.example/x', origin],
    ['*', origin],
    ['app.example', origin],
    ['https://*.example.com', written],
    ['https://*', written],
  ])('%s is not an origin', (given, detail) => {
    expect(faultsOf(() => parse({ server: { corsOrigins: [given] } }))).toEqual({ 'server.corsOrigins.0': detail });
  });

  it.each(['shop.example:80', 'http://shop.example', '*', 'a b', '', '[::1]', '*.example', 'a/b', 'a@b'])(
    '%j is not a host',
    (host) => {
      expect(Object.keys(faultsOf(() => parse({ server: { hosts: ['shop.example', host] } })))).toEqual([
        'server.hosts.1',
      ]);
    },
  );

  it.each(['shop.example', 'SHOP.example.', 'shop', '10.0.0.7', '::1'])('%s is a host', (host) => {
    expect(parse({ server: { hosts: [host] } }).server.hosts).toEqual([host]);
  });

  it('hold no value', () => {
    const secret = 'hunter2-hunter2';
    const source = {
      adapter: 'rest',
      url: secret,
      password: [secret],
      maxDocuments: secret,
      fast: '${S}',
      ops: [secret],
    };
    const faults = faultsOf(() => parse({ ...withSource(source), limits: secret }, { S: secret }));
    expect(Object.keys(faults)).toHaveLength(6);
    expect(JSON.stringify(faults)).not.toContain(secret);
  });
});

describe('${NAME}', () => {
  it('is filled in below server and sources alone', () => {
    const env = { HOST: 'h', URL: 'http://x.example' };
    const { server, sources } = parse(
      { server: { host: '${HOST}.example' }, ...withSource({ adapter: 'rest', url: '${URL}/v1' }) },
      env,
    );
    expect(server.host).toBe('h.example');
    expect(sources['shop']).toMatchObject({ url: 'http://x.example/v1' });
  });

  const UNFILLED = 'variables are filled in below server and sources alone, and a text without ${ is allowed here';
  it.each<[string, unknown, string]>([
    ['a limit', { limits: { depth: '${DEPTH}' } }, 'limits.depth'],
    ['the file of a batch', { batches: { one: 'batches/${ENV}.yaml' } }, 'configuration: batches.one'],
    ['an issuer', { callers: { web: { jwt: { ...JWT, issuer: 'https://${ISS}/' } } } }, 'callers.web.jwt.issuer'],
    ['an audience', { callers: { web: { jwt: { ...JWT, audience: '${AUD:-a}' } } } }, 'callers.web.jwt.audience'],
    ['a claim', { callers: { web: { jwt: { ...JWT, claims: { a: '${A' } } } } }, 'callers.web.jwt.claims.a'],
    ['a key', { callers: { web: { keys: ['${KEY}'] } } }, 'callers.web.keys.0'],
  ])('is a fault elsewhere, and the only one of its place: %s', (_what, raw, path) => {
    expect(faultsOf(() => parse(raw, { DEPTH: '3', ISS: 'i', KEY: 'k' }))).toEqual({ [path]: UNFILLED });
  });

  it('is told by a warning where a saved batch holds what looks like one', () => {
    const queries = { a: { source: 's', params: { path: '/${PATH}' } } };
    const batches = { one: { pattern: 'kv', queries }, two: { pattern: 'kv', queries: {}, description: 'a ${ b' } };
    expect(warningsOf(parse({ batches }), adapters)).toEqual([
      { of: { batch: 'one' }, text: expect.stringMatching(/^variables are filled in below server and sources alone/) },
    ]);
  });

  it('is a number or boolean where one is expected and it stands alone, and a text elsewhere', () => {
    const { server, sources } = parse(
      {
        server: { port: '${PORT:-8081}', adhoc: '${ADHOC}' },
        ...withSource({ adapter: 'rest', url: 'http://x.example', password: '${PIN}', maxDocuments: '${MAX}' }),
      },
      { ADHOC: 'false', PIN: '0123', MAX: '5' },
    );
    expect(server).toMatchObject({ port: 8081, adhoc: false });
    expect(sources['shop']).toMatchObject({ password: '0123', maxDocuments: 5 });
    expect(faultsOf(() => parse({ server: { port: '8081' } }))).toHaveProperty(['server.port']);
    expect(faultsOf(() => parse({ server: { port: '80${X}' } }, { X: '81' }))).toHaveProperty(['server.port']);
  });

  it.each([
    ['rest', 'cache', false],
    ['rest', 'coalesce', false],
    ['rest', 'retry', false],
    ['rest', 'hedge', true],
    ['rest', 'breaker', false],
    ['rest', 'rate', false],
    ['rest', 'describe', true],
    ['rest', 'merge', false],
    ['mongo', 'merge', false],
    ['s3', 'forcePathStyle', true],
    ['s3', 'timeoutMs', 500],
  ])('turns of a %s source `%s` to %j', (adapter, option, value) => {
    const own = {
      rest: { url: 'http://a.example/' },
      mongo: { url: 'mongodb://a.example/', database: 'shop', collections: ['users'] },
      s3: { bucket: 'photos' },
    }[adapter];
    const said = (it: unknown) => withSource({ adapter, ...own, [option]: it });
    const { sources } = parseConfig(said('${V}'), { V: String(value) });
    expect(sources).toEqual(parseConfig(said(value)).sources);
  });

  it.each(['true', '5', 'no'])('is a fault where it is %s and no such value is allowed', (text) => {
    const source = { adapter: 'rest', url: 'http://a.example/', cache: '${V}' };
    expect(faultsOf(() => parse(withSource(source), { V: text }))).toEqual({
      'sources.shop.cache': 'false or an object is allowed here (from ${V})',
    });
  });

  const PORT = 'a whole number from 0 to 65535 is allowed here';
  const ADDRESS = 'a string that is a url is allowed here';
  it.each<[string, object, Record<string, string>, string, string]>([
    ['a number', { server: { port: '${P}' } }, { P: 'abc' }, 'server.port', `${PORT} (from \${P})`],
    [
      'one of two',
      { server: { port: '${A}${B}' } },
      { A: '8', B: 'x' },
      'server.port',
      `${PORT} (from \${A}, from \${B})`,
    ],
    [
      'an empty one',
      withSource({ adapter: 'rest', url: '${URL}' }),
      { URL: '' },
      'sources.shop.url',
      `${ADDRESS} (from \${URL}, which is empty)`,
    ],
    ['its default', { server: { port: '${P:-abc}' } }, {}, 'server.port', PORT],
    ['no variable', { server: { port: 'abc' } }, { abc: '1' }, 'server.port', PORT],
    [
      'one as in a shell',
      withSource({ adapter: 'rest', url: '$URL' }),
      { URL: 'http://a.example/' },
      'sources.shop.url',
      `${ADDRESS} (write \${URL})`,
    ],
    [
      'one that is not set, as in a shell',
      withSource({ adapter: 'rest', url: '$URL' }),
      {},
      'sources.shop.url',
      `${ADDRESS} (write \${NAME})`,
    ],
  ])('is named where its value is wrong, which is not told: %s', (_what, raw, env, path, detail) => {
    expect(faultsOf(() => parse(raw, env))).toEqual({ [path]: detail });
  });

  it('unset without a default is the only fault of its place, however many there are', () => {
    const faults = faultsOf(() => parse(withSource({ adapter: 'rest', url: '${NOWHERE}', maxDocuments: '${TOO}' })));
    expect(faults).toEqual({
      'sources.shop.url': 'the environment variable NOWHERE is not set',
      'sources.shop.maxDocuments': 'the environment variable TOO is not set',
    });
  });

  it.each([
    '${',
    '${}',
    '${1A}',
    '${A-b}',
    '${A B}',
    // Its default would end at the first brace, and the other stay.
    '${A:-${B}}',
    'Bearer ${A:-${B:-c}}',
    '${A:-${B}',
    '${A:-{"b": 1}}',
    '${A} ${A:-{}}',
  ])('%s is a fault', (text) => {
    expect(faultsOf(() => parse({ server: { host: text } }, { A: 'a' }))).toEqual({
      'server.host': 'write ${NAME} or ${NAME:-default}, with no brace in the default',
    });
  });

  it('with a default takes it for an empty variable too, as a shell does', () => {
    expect(parse({ server: { host: '${A:-b}' } }, { A: '' }).server.host).toBe('b');
  });

  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
  const literal = fc.string().map((text) => text.replaceAll('$', ''));

  it('puts each value between the literal texts, whatever they hold', () => {
    const parts = fc.array(fc.record({ before: literal, name, value: fc.string({ minLength: 1 }) }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(parts, literal, (parts, after) => {
        const env = Object.assign(
          Object.create(null),
          ...parts.map(({ name, value }) => ({ [name]: value })),
        ) as Record<string, string>;
        const template = parts.map(({ before, name }) => `${before}\${${name}}`).join('') + after;
        const expected = parts.map(({ before, name }) => before + env[name]).join('') + after;
        const { value, faults } = fill({ sources: [{ deep: template }] }, env, ['sources']);
        expect(faults).toEqual([]);
        expect(value).toEqual({ sources: [{ deep: expected }] });
      }),
    );
  });

  it('leaves what has none, and every other field, as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (other) => {
        if (JSON.stringify(other).includes('${')) return;
        const raw = { other, sources: JSON.parse(JSON.stringify(other).replaceAll('${', '$')) as unknown };
        if (JSON.stringify(raw).includes('"__proto__"')) return;
        const { value, whole, faults } = fill(raw, {}, ['sources']);
        expect({ value, whole, faults }).toEqual({ value: raw, whole: new Set(), faults: [] });
      }),
    );
  });
});

const TOO_MANY = 'up to here, aliases stand for more than 100000 nodes';
/** Each anchor made of the one before it. */
const laughs = (count: number, of: (alias: string) => string) =>
  Array.from({ length: count }, (_, at) => `a${at + 1}: &a${at + 1} ${of(`*a${at}`)}`).join('\n');

describe('YAML', () => {
  it('names line and column of what cannot be read, and repeats none of it', () => {
    expect(problemsOf('server:\n  port: [1, 2\nsources: {}\n')[0]?.[0]).toMatch(/^codap\.yaml:\d+:\d+$/);
    expect(JSON.stringify(problemsOf('a: |hunter2\n  x'))).not.toContain('hunter2');
    expect(JSON.stringify(problemsOf('a: !hunter2 x'))).not.toContain('hunter2');
  });

  it.each([
    'shop: 1\n  shop: 2',
    '1: a\n  "1": b',
    'true: a\n  "true": b',
    '1: a\n  1.0: b',
    '~: a\n  null: b',
    '010: a\n  "010": b',
  ])('refuses a doubled key, also where it is one as a text alone: %j', (keys) => {
    expect(problemsOf(`sources:\n  ${keys}\n`)).toEqual([['codap.yaml:3:3', 'Map keys must be unique']]);
  });

  it.each([
    ['%YAML 1.1\n---\na: 010\n', 1],
    ['# of old\r\n%TAG !e! tag:e,2000:\r\n%YAML  1.1 # so\r\n---\r\na: 010\r\n', 3],
    ['\uFEFF%YAML 1.1\n---\na: yes\n', 1],
    ['%YAML 1.2\n%YAML 1.1\n---\na: 010\n', 2],
    ['%YAML 1.1\n%YAML 1.2\n---\na: 010\n', 1],
    ['%YAML 1.2\n# once more\n%YAML 1.2\n---\na: 010\n', 3],
    ['%YAML 1.2\n%YAML 1.3\n---\na: 010\n', 2],
    ['\n%YAML 1.3\n---\na: 010\n', 2],
    ['%YAML\n---\na: 010\n', 1],
    ['%hunter2\n---\na: 010\n', 1],
  ])(
    'refuses another version than 1.2, by which a number may be another one, and two of them: %j',
    async (text, line) => {
      const detail = 'of directives, one %YAML 1.2 and %TAG with a handle and a prefix are allowed here';
      const [problem, ...others] = problemsOf(text);
      expect([problem?.[0].split(':').slice(0, 2).join(':'), problem?.[1], others]).toEqual([
        `codap.yaml:${line}`,
        detail,
        [],
      ]);
      await using folder = await mkdtempDisposable(join(tmpdir(), 'codap-config-'));
      await writeFile(join(folder.path, 'batch.yaml'), text);
      const [batch] = await readBatches(new Map([['a', 'batch.yaml']]), join(folder.path, 'codap.yaml'));
      expect(batch?.faults).toMatchObject([
        { path: expect.stringContaining(`batch.yaml:${line}:`) as string, detail: problem?.[1] },
      ]);
    },
  );

  it('takes 1.2 that is written out, and what looks like it in a text', () => {
    expect(readYaml('%YAML 1.2\n---\na: 010\n', 'f').plain).toEqual({ a: 10 });
    const twice = '%YAML 1.2\n%YAML 1.1\n';
    for (const begin of ['--- |\n', '\uFEFF--- |\n', '%YAML 1.2\n--- |\n'])
      expect(readYaml(begin + twice, 'f').plain).toBe(twice);
  });

  it.each(['1e-400', '-1.5E-999', '+1e-400', `0.${'0'.repeat(330)}1`])(
    'refuses %s, of which nought would be left',
    (it) => {
      expect(problemsOf(`a:\n  b: [0.0, ${it}, "1e-400"]\n`)).toEqual([['codap.yaml:2:12', 'a number out of range']]);
    },
  );

  it('writes nothing of a file to standard error', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      void readYaml('sources: { [hunter2]: 1 }', 'f').plain;
      expect(warned).not.toHaveBeenCalled();
    } finally {
      warned.mockRestore();
    }
  });

  it('takes a key as it is written where it is an alias, and where it has an anchor', () => {
    const raw = readYaml('a: &x 1.10\nb: { *x : 1, &y 2.0: 3 }\nc: *y\n', 'f').plain;
    expect(raw).toEqual({ a: 1.1, b: { '1.10': 1, '2.0': 3 }, c: 2 });
  });

  it.each([
    ['a: 1\nb: *c\nc: &c 2', '2:4', 'an alias names no anchor before it'],
    ['a: &a\n  b: { c: *a }', '2:11', 'an alias may not stand inside what it names'],
    ['a: &a [&b [*a], *b]', '1:12', 'an alias may not stand inside what it names'],
    ['a: &a 1\nb: { <<: *a }', '2:6', 'by << an object, or a list of them, is allowed here'],
    ['b: { <<: [{ c: 1 }, 2] }', '1:6', 'by << an object, or a list of them, is allowed here'],
    [`a: &a [${'x,'.repeat(999)}]\nb: [${'*a,'.repeat(200)}]`, '2:305', TOO_MANY],
    [`a0: &a0 [x]\n${laughs(99, (it) => `[${it},${it}]`)}`, '16:12', TOO_MANY],
    [`a0: &a0 { x: 1 }\n${laughs(99, (it) => `{ <<: ${it}, y: ${it}, z: ${it} }`)}`, '10:15', TOO_MANY],
    [`a0: &a0 [x]\n${laughs(40, (it) => '['.repeat(30) + it + ']'.repeat(30))}`, '35:41', 'nested too deep'],
  ])('tells by line and column what is wrong with an alias, and quickly: %.40s', (text, place, detail) => {
    expect(problemsOf(text)[0]).toEqual([`codap.yaml:${place}`, detail]);
  });

  it('tells where collections are nested too deep, at a thousand or where the library has no more stack', () => {
    expect(problemsOf(`a: ${'['.repeat(1100)}${']'.repeat(1100)}`)[0]).toEqual([
      expect.stringMatching(/^codap\.yaml:1:(?:[5-9]\d\d|100[0-3])$/),
      'nested too deep',
    ]);
  });

  it('takes an anchor however often it is used, by the name that it has there', () => {
    const texts = Array.from({ length: 500 }, (_, at) => `b${at}: { <<: *a, c: *t, d: ${at} }`);
    const { plain, exact } = readYaml(`a: &a { e: &n 1.10, f: *n }\nt: &t x\n${texts.join('\n')}\ng: &n 2\nh: *n`, 'f');
    expect(plain).toMatchObject({ b499: { e: 1.1, f: 1.1, c: 'x', d: 499 }, h: 2 });
    expect([...((exact as Map<string, unknown>).get('b0') as Map<string, unknown>).keys()]).toEqual([
      'e',
      'f',
      'c',
      'd',
    ]);
  });

  it('lets sources share settings by anchor and merge key', () => {
    const raw = readYaml(
      'sources:\n  a: &a { adapter: rest, url: "http://a.example", queue: 5 }\n  b: { <<: *a, url: "http://b.example" }\n',
      'f',
    ).plain;
    expect(parse(raw).sources).toMatchObject({
      a: { queue: 5, url: 'http://a.example' },
      b: { queue: 5, url: 'http://b.example', name: 'b' },
    });
  });
});

describe('a configuration file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'codap-config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is read with the environment given', async () => {
    const file = join(folder, 'codap.yaml');
    await writeFile(file, 'server: { port: "${PORT}" }\n');
    expect((await loadConfig(file, { PORT: '9999' })).server.port).toBe(9999);
  });

  it('that is not there is a fault that names it', async () => {
    const file = join(folder, 'nowhere.yaml');
    await expect(loadConfig(file)).rejects.toThrow(`${file}: cannot be read (ENOENT)`);
  });

  it('that is not in UTF-8 is a fault, of a saved batch too', async () => {
    const latin = join(folder, 'latin.yaml');
    await writeFile(latin, Buffer.from('pattern: kv\ndescription: caf\xe9\nqueries: {}\n', 'latin1'));
    await expect(loadConfig(latin)).rejects.toThrow(`${latin}: cannot be read (not UTF-8)`);
    const [batch] = await readBatches(new Map([['a', 'latin.yaml']]), join(folder, 'codap.yaml'));
    expect(batch?.faults.map(({ detail }) => detail)).toEqual(['the file latin.yaml cannot be read (not UTF-8)']);
  });

  it('that is empty is a fault', async () => {
    const file = join(folder, 'empty.yaml');
    await writeFile(file, '');
    await expect(loadConfig(file)).rejects.toBeInstanceOf(ConfigError);
  });
});
