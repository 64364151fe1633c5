import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashedKey, makeKey } from '../../src/callers/api-keys.ts';
import { type Issuer, makeIssuer } from '../callers/issuer.ts';
import { type KeyServer, startKeyServer } from '../callers/key-server.ts';
import { type Answer, type Body, type Service, startService } from '../service.ts';

const KEYS = { web: makeKey(), kiosk: makeKey(), watch: makeKey(), bare: makeKey(), unknown: makeKey() };
const ADA = { source: 'shop', op: 'findOne', params: { collection: 'users', filter: { name: 'Ada Lovelace' } } };
const QUOTE = { source: 'pricing-eu', op: 'get', params: { path: '/quote', query: { sku: 'B-101' } } };
const named = (name: string, claim: string): object => ({
  source: 'shop',
  op: 'findOne',
  params: { collection: 'users', filter: { [name]: { $caller: claim } }, projection: { name: 1 } },
});
const batches = {
  profile: { pattern: 'kv', description: 'One user.', tool: true, maxAgeSeconds: 60, queries: { ada: ADA } },
  quote: { pattern: 'kv', tool: true, maxAgeSeconds: 60, queries: { quote: QUOTE } },
  secret: { pattern: 'kv', tool: true, queries: { ada: ADA } },
  mine: { pattern: 'kv', maxAgeSeconds: 60, queries: { me: named('name', '/sub') } },
  tenant: {
    pattern: 'kv',
    tool: true,
    queries: {
      users: {
        source: 'shop',
        op: 'countDocuments',
        params: { collection: 'users', filter: { tenant: { $caller: '/tenant' } } },
      },
    },
  },
  theirs: { pattern: 'kv', onError: 'fail', queries: { me: named('name', '/sub') } },
};

let issuer: Issuer;
let keys: KeyServer;
let service: Service;
let tokens: { people: string; stranger: string; untenanted: string };
beforeAll(async () => {
  [issuer, keys] = await Promise.all([makeIssuer(), startKeyServer()]);
  keys.answer = (response) => response.end(JSON.stringify(issuer.jwks));
  const exp = Math.floor(Date.now() / 1000) + 600;
  const claims = { iss: 'https://id.example/', aud: 'codap', exp, sub: 'Ada Lovelace', name: 'web' };
  tokens = {
    people: issuer.token('ES256', claims),
    stranger: (await makeIssuer()).token('ES256', claims),
    untenanted: issuer.token('ES256', { ...claims, tenant: null }),
  };
  service = await startService({
    server: { mcp: true, corsOrigins: ['https://app.example'] },
    batches,
    callers: {
      web: { keys: [hashedKey(KEYS.web)], sources: ['shop', 'photos'], adhoc: true, batches: ['profile', 'quote'] },
      kiosk: { keys: [hashedKey(KEYS.kiosk)], batches: ['quote'] },
      people: {
        jwt: { issuer: 'https://id.example/', audience: 'codap', jwks: keys.url },
        sources: ['catalog'],
        batches: ['mine', 'tenant'],
      },
      watch: { keys: [hashedKey(KEYS.watch)], metrics: true, batches: '*' },
      bare: { keys: [hashedKey(KEYS.bare)] },
    },
  });
});
afterAll(async () => {
  await service.close();
  await keys[Symbol.asyncDispose]();
});

const NAMES = ['web', 'kiosk', 'people', 'watch', 'bare'] as const;
type Name = (typeof NAMES)[number];
const keyOf = (name: Name): string => (name === 'people' ? tokens.people : KEYS[name]);
const as = (name: Name): Record<string, string> => ({ authorization: `Bearer ${keyOf(name)}` });
const get = (name: Name, path: string, method?: string): Promise<Answer> => service.get(path, as(name), method);
const post = (name: Name, path: string, body: unknown): Promise<Answer> => service.post(path, body, as(name));

/** What each caller may use. */
const GRANTS: Record<Name, { sources: string[]; batches: string[]; adhoc: boolean; metrics: boolean }> = {
  web: { sources: ['shop', 'photos'], batches: ['profile', 'quote'], adhoc: true, metrics: false },
  kiosk: { sources: [], batches: ['quote'], adhoc: false, metrics: false },
  people: { sources: ['catalog'], batches: ['mine', 'tenant'], adhoc: false, metrics: false },
  watch: { sources: [], batches: Object.keys(batches), adhoc: false, metrics: true },
  bare: { sources: [], batches: [], adhoc: false, metrics: false },
};
const SOURCES = ['shop', 'photos', 'files', 'catalog', 'pricing-eu', 'pricing-us', 'pricing-asia'];
const rpc = async (name: Name, method: string, params: object = {}): Promise<Body> => {
  const headers = { accept: 'application/json, text/event-stream', ...as(name) };
  return (await service.post('/mcp', { jsonrpc: '2.0', id: 1, method, params }, headers)).json();
};

/** The saved batches that are no tools. */
const NO_TOOLS = new Set(['mine', 'theirs']);

/** The names of these that occur in a text. */
const among = (all: readonly string[], told: string): string[] =>
  all.filter((name) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(told));

/** Each place that names sources or saved batches: what it tells a caller of. */
const PLACES: Record<string, (name: Name) => Promise<{ sources?: string[]; batches?: string[] }>> = {
  '/sources': async (name) => ({
    sources: (await get(name, '/sources')).json().sources.map((source: Body) => source.name),
  }),
  '/sources/{name}': async (name) => {
    const found = await Promise.all(SOURCES.map(async (source) => (await get(name, `/sources/${source}`)).status));
    expect(new Set(found)).not.toContain(403);
    return { sources: SOURCES.filter((_, at) => found[at] === 200) };
  },
  '/health/ready': async (name) => ({
    sources: (await get(name, '/health/ready')).json().sources.map((source: Body) => source.name),
  }),
  '/batches': async (name) => ({
    batches: (await get(name, '/batches')).json().batches.map((batch: Body) => batch.name),
  }),
  '/': async (name) => ({ batches: among(Object.keys(batches), (await get(name, '/')).text) }),
  '/openapi.json': async (name) => {
    const { paths, components } = (await get(name, '/openapi.json')).json();
    const saved = Object.keys(paths).flatMap((path) => /^\/batches\/(\w+)$/.exec(path)?.[1] ?? []);
    expect('/kv' in paths).toBe(GRANTS[name].adhoc);
    expect('/metrics' in paths).toBe(GRANTS[name].metrics);
    const sources = components.schemas.Query?.properties.source.enum;
    const told = JSON.stringify({ paths, components });
    const quoted = SOURCES.filter((source) => told.includes(`"${source}"`));
    expect(quoted.filter((source) => !GRANTS[name].sources.includes(source))).toEqual([]);
    expect(among(Object.keys(batches), told).filter((batch) => batch !== 'secret' && !saved.includes(batch))).toEqual(
      [],
    );
    return { batches: saved, ...(sources && { sources }) };
  },
  '/mcp': async (name) => {
    const { tools } = (await rpc(name, 'tools/list')).result;
    const offered = tools.map((tool: Body) => tool.name);
    expect(offered.includes('run_batch')).toBe(GRANTS[name].adhoc);
    const describe = tools.find((tool: Body) => tool.name === 'describe_source');
    return {
      batches: [
        ...offered.filter((tool: string) => tool in batches),
        ...GRANTS[name].batches.filter((b) => NO_TOOLS.has(b)),
      ],
      sources: describe?.inputSchema.properties.name.enum ?? [],
    };
  },
  'what a tool that is not there says': async (name) => {
    const { error } = await rpc(name, 'tools/call', { name: 'nothing', arguments: {} });
    const offered = among(Object.keys(batches), error.message);
    return { batches: [...offered, ...GRANTS[name].batches.filter((batch) => NO_TOOLS.has(batch))] };
  },
  'tools that are called and not offered': async (name) => {
    const { tools } = (await rpc(name, 'tools/list')).result;
    const offered = new Set(tools.map((tool: Body) => tool.name));
    const others = [...Object.keys(batches), 'run_batch', 'describe_source'].filter((tool) => !offered.has(tool));
    const unknown = async (tool: string, given: object): Promise<Body> =>
      (await rpc(name, 'tools/call', { name: tool, arguments: given })).error;
    for (const tool of others)
      for (const given of [{}, { name: 'shop' }])
        expect(await unknown(tool, given)).toEqual(await unknown('nothing', given));
    return {};
  },
  'tools that are called': async (name) => {
    const calls = await Promise.all(
      ['profile', 'quote', 'secret', 'tenant'].map((tool) => rpc(name, 'tools/call', { name: tool, arguments: {} })),
    );
    const ran = ['profile', 'quote', 'secret', 'tenant'].filter(
      (_, at) => calls[at].result?.isError !== true && !calls[at].error,
    );
    return { batches: [...ran, ...GRANTS[name].batches.filter((batch) => NO_TOOLS.has(batch))] };
  },
  describe_source: async (name) => {
    const told = await Promise.all(
      SOURCES.map((source) => rpc(name, 'tools/call', { name: 'describe_source', arguments: { name: source } })),
    );
    return { sources: SOURCES.filter((_, at) => told[at].result?.isError === undefined && told[at].result) };
  },
  'what is said of an unknown source': async (name) => {
    if (!GRANTS[name].adhoc) return {};
    const { errors } = (await post(name, '/kv', { queries: { a: { source: 'nothing', op: 'get' } } })).json();
    return { sources: among(SOURCES, errors[0].detail) };
  },
  plans: async (name) => {
    if (!GRANTS[name].adhoc) return {};
    const body = (source: string): object => ({ queries: { a: { ...ADA, source } } });
    const explained = await Promise.all(SOURCES.map((source) => post(name, '/kv?explain', body(source))));
    const details = explained.map((answer) => answer.json().errors?.[0].detail ?? '');
    return { sources: SOURCES.filter((_, at) => !details[at].startsWith('no such source')) };
  },
  '/batches/{name}': async (name) => ({
    batches: await filtered(async (batch) => (await get(name, `/batches/${batch}`)).status !== 404),
  }),
};

const filtered = async (keep: (batch: string) => Promise<boolean>): Promise<string[]> => {
  const kept = await Promise.all(Object.keys(batches).map(keep));
  return Object.keys(batches).filter((_, at) => kept[at]);
};

describe.each(Object.entries(PLACES))('%s', (_place, told) => {
  it.each(NAMES)('tells %s of what it may use, and of nothing else', async (name) => {
    const { sources, batches: saved } = await told(name);
    if (sources) expect(sources.toSorted()).toEqual(GRANTS[name].sources.toSorted());
    if (saved) expect(saved.toSorted()).toEqual(GRANTS[name].batches.toSorted());
  });
});

describe('a saved batch that a caller may not run', () => {
  const ways: [string, string, string][] = [
    ['GET', '/batches/secret', '/batches/nothing'],
    ['HEAD', '/batches/secret', '/batches/nothing'],
    ['POST', '/batches/secret', '/batches/nothing'],
    ['DELETE', '/batches/secret', '/batches/nothing'],
    ['OPTIONS', '/batches/secret', '/batches/nothing'],
    ['GET', '/batches/%73ecret', '/batches/%6eothing'],
    ['GET', '/batches/secret.json', '/batches/nothing.json'],
    ['POST', '/batches/secret.zip', '/batches/nothing.zip'],
    ['GET', '/batches/secret?explain', '/batches/nothing?explain'],
    ['GET', '/batches/secret?what=1', '/batches/nothing?what=1'],
    ['GET', '/batches/secret/', '/batches/nothing/'],
    ['POST', '/batches/secret?explain', '/batches/nothing?explain'],
  ];
  it.each(ways)('is as if it were not there: %s %s', async (method, there, nowhere) => {
    const [found, missing] = await Promise.all([there, nowhere].map((path) => get('web', path, method)));
    const told = ({ status, text, headers }: Answer): object => {
      const { 'x-request-id': _, date: __, ...rest } = headers;
      return { status, text, rest };
    };
    expect(told(found!)).toEqual(told(missing!));
    expect(found!.status).toBe(404);
  });
});

describe('without a key that is known', () => {
  const WRONG: [string, () => Record<string, string>][] = [
    ['none', () => ({})],
    ['another one', () => ({ authorization: `Bearer ${KEYS.unknown}` })],
    ['another one as X-Api-Key', () => ({ 'x-api-key': KEYS.unknown })],
    ["another issuer's token", () => ({ authorization: `Bearer ${tokens.stranger}` })],
    ['a list of keys', () => ({ 'x-api-key': `${KEYS.unknown}, ${KEYS.web}` })],
    ['a right token beside a wrong key', () => ({ ...as('people'), 'x-api-key': KEYS.unknown })],
    ['another scheme', () => ({ authorization: `Basic ${btoa(`web:${KEYS.web}`)}` })],
    ['a key in the URL', () => ({ 'x-forwarded-user': 'web', cookie: `key=${KEYS.web}` })],
  ];
  const PATHS: [string, string][] = [
    ...['/kv', '/ordered', '/first-reply', '/mcp', '/batches/profile', '/nothing'].map((path): [string, string] => [
      'POST',
      path,
    ]),
    ...[
      '/sources',
      '/sources/shop',
      '/sources/nothing',
      `/sources/${'a'.repeat(101)}`,
      '/batches',
      '/batches/profile',
      '/batches/%70rofile',
      '/batches/profile.json',
      '/batches/nothing',
      '/batches/profile/',
      '/limits',
      '/openapi.json',
      '/metrics',
      '/nothing',
      '/kv',
      `/limits?key=${KEYS.web}`,
      '/health',
      '/health/live/',
      '/docs/../limits',
      '/docs/nothing',
      '/docs/nothing?strict',
      '/docs/',
      '/docs/start.js/',
      '/playground/nothing',
      '//limits',
    ].map((path): [string, string] => ['GET', path]),
    ['HEAD', '/batches/profile'],
    ['HEAD', '/limits'],
    ['OPTIONS', '/kv'],
    ['DELETE', '/batches/profile'],
    ['PUT', '/health/live'],
    ['HEAD', '/docs/nothing.js'],
    ['POST', '/docs/nothing'],
    ['POST', '/docs/start.js'],
    ['DELETE', '/'],
  ];

  it.each(WRONG)('nothing is told: %s', async (_what, headers) => {
    for (const [method, path] of PATHS) {
      const answer = await service.get(path, headers(), method);
      expect([method, path, answer.status]).toEqual([method, path, 401]);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="codap"');
      if (method !== 'HEAD') expect(answer.json()).toEqual({ status: 401, title: 'Unauthorized' });
    }
  });

  it('is refused before the body is here', async () => {
    const socket = connect(service.port, '127.0.0.1');
    socket.write(
      'POST /kv HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    );
    const [chunk] = (await new Promise((resolve) => socket.once('data', (...data) => resolve(data)))) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 401 /);
    socket.destroy();
  });

  it.each([
    [400, 'not HTTP/1.1', 'nonsense'],
    [431, 'a head that is too large', `GET /limits HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}`],
    [400, 'no host', 'GET /limits HTTP/1.1'],
    [400, 'a target that is no path', 'GET limits HTTP/1.1\r\nHost: localhost'],
    [400, 'a parameter that an open page does not take', 'GET /docs?a HTTP/1.1\r\nHost: localhost'],
    [501, 'a tunnel', 'CONNECT a:80 HTTP/1.1\r\nHost: localhost'],
    [501, 'an unknown transfer coding', 'POST /kv HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip'],
    [401, 'a parameter that another path does not take', 'GET /limits?a HTTP/1.1\r\nHost: localhost'],
    [401, 'a path that cannot be decoded', 'GET /%zz HTTP/1.1\r\nHost: localhost'],
    [401, 'another method', 'DELETE /kv HTTP/1.1\r\nHost: localhost'],
  ])(
    'what no caller may ask is told before the key is looked at, and nothing else: %i, %s',
    async (status, _what, head) => {
      const socket = connect(service.port, '127.0.0.1');
      socket.write(`${head}\r\nConnection: close\r\n\r\n`);
      expect(await text(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    },
  );

  it.each(['Authorization', 'X-Api-Key'])('one that is sent beside another in a second %s is none', async (field) => {
    const line = (key: string): string => `${field}: ${field === 'Authorization' ? 'Bearer ' : ''}${key}\r\n`;
    for (const order of [
      [KEYS.web, KEYS.unknown],
      [KEYS.unknown, KEYS.web],
      [KEYS.web, KEYS.web],
    ]) {
      const socket = connect(service.port, '127.0.0.1');
      socket.end(`GET /limits HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${order.map(line).join('')}\r\n`);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 /);
    }
  });

  it.each(['/health/live', '/health/ready', '/docs', '/docs/start.js', '/'])('%s is there', async (path) => {
    for (const headers of [as('bare'), {}, { 'x-api-key': KEYS.unknown } as Record<string, string>]) {
      const { status, text: told } = await service.get(path, headers);
      expect(status).toBe(200);
      expect(among([...SOURCES.filter((name) => name !== 'files'), 'profile', 'quote', 'mine'], told)).toEqual([]);
    }
  });

  it('readiness is a status alone', async () => {
    expect((await service.get('/health/ready')).json()).toEqual({ status: 'ready' });
    expect((await service.get('/health/ready?strict')).json()).toEqual({ status: 'ready' });
  });

  it('a page of an origin that may read answers is told in a preflight what it may send, and reads the refusal', async () => {
    const origin = 'https://app.example';
    const asked = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-api-key' };
    const preflight = await service.get('/kv', asked, 'OPTIONS');
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toBe('x-api-key');
    const refused = await service.get('/limits', { origin });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, origin]);
  });
});

describe('a caller', () => {
  it.each(['/kv', '/ordered', '/first-reply'])('without `adhoc` is answered 403 at %s', async (path) => {
    const { status, text: told } = await post('kiosk', path, 'no JSON');
    expect(status).toBe(403);
    expect(told).not.toContain('errors');
  });

  it('finds metrics where it may read them, and else nothing', async () => {
    expect((await get('watch', '/metrics')).status).toBe(200);
    const { status, text: told } = await get('web', '/metrics');
    expect([status, told]).toEqual([404, (await get('web', '/nothing')).text]);
    expect((await get('web', '/metrics', 'POST')).status).toBe(404);
  });

  it('runs a saved batch whatever sources it names', async () => {
    expect((await get('kiosk', '/batches/quote')).json()).toMatchObject({ complete: true });
    expect((await post('kiosk', '/batches/quote', {})).json()).toMatchObject({ complete: true });
  });

  it('is told what a saved batch would do where it may name all of its sources', async () => {
    expect((await get('web', '/batches/profile?explain')).json()).toMatchObject({
      queries: { ada: { source: 'shop' } },
    });
    for (const name of ['web', 'kiosk'] as const) {
      const refused = await get(name, '/batches/quote?explain');
      expect(refused.status).toBe(400);
      expect(refused.text).not.toContain('pricing');
    }
  });

  it('sends a key either way', async () => {
    expect((await service.get('/limits', { 'x-api-key': KEYS.web })).status).toBe(200);
    expect((await service.get('/limits', { authorization: `bearer ${KEYS.web}` })).status).toBe(200);
  });

  it('is known to the saved batch that it runs by the claims of its token', async () => {
    expect((await get('people', '/batches/mine')).json().results.me.value).toMatchObject({ name: 'Ada Lovelace' });
    const withKey = (await get('watch', '/batches/mine')).json();
    expect(withKey.results.me).toMatchObject({ status: 'error', error: { code: 'FORBIDDEN' } });
    const { status, text: told } = await get('watch', '/batches/theirs');
    expect([status, JSON.parse(told)]).toMatchObject([403, { code: 'FORBIDDEN' }]);
  });

  it.each(['people', 'untenanted'] as const)(
    'binds nothing to nobody where its token (%s) names no tenant',
    async (token) => {
      const headers = { authorization: `Bearer ${tokens[token]}`, accept: 'application/json, text/event-stream' };
      const forbidden = { status: 'error', error: { code: 'FORBIDDEN' } };
      for (const answer of [
        await service.get('/batches/tenant', headers),
        await service.post('/batches/tenant', {}, headers),
      ])
        expect(answer.json().results.users).toMatchObject(forbidden);
      const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'tenant', arguments: {} } };
      expect((await service.post('/mcp', call, headers)).text).toContain('FORBIDDEN');
    },
  );

  it.each([
    ['people', '/batches/mine'],
    ['kiosk', '/batches/quote'],
  ] as const)('%s is answered by %s what no cache may hand to another', async (name, path) => {
    const { headers } = await get(name, path);
    expect(headers['cache-control']).toBe('private, max-age=60');
    const named = headers['vary']!.toLowerCase().split(', ');
    expect(named).toEqual(expect.arrayContaining(['authorization', 'x-api-key', 'accept']));
    expect(new Set(named).size).toBe(named.length);
  });

  it.each(['/sources', '/batches', '/openapi.json', '/limits', '/'])(
    'is answered by %s what no cache may hand to another',
    async (path) => {
      const { headers } = await get('web', path);
      expect(headers['cache-control']).toBe('private');
      expect(headers['vary']).toContain('Authorization, X-Api-Key');
    },
  );
});
