import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../../demo/config.ts';
import { followPath } from '../../src/json/members.ts';
import { buildApp } from '../../src/service/app.ts';
import { createLogger, Secrets } from '../../src/service/log.ts';
import { AGENTS, type Agent } from '../agents/clients.ts';
import { parseConfig } from '../configured.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';
import { type Body, type Service, startService, until } from '../service.ts';

const user = { source: 'shop', op: 'findOne', params: { collection: 'users', filter: { name: { $param: '/name' } } } };
const batches = {
  profile: {
    pattern: 'kv',
    tool: true,
    description: 'A user, by name.',
    params: { name: { type: 'string' }, limit: { type: 'integer', minimum: 1, required: false } },
    queries: { user },
  },
  inner: { pattern: 'kv', queries: { all: { source: 'shop', op: 'find', params: { collection: 'users' } } } },
};

let store: ScriptedStore;
let service: Service;
beforeAll(async () => {
  store = await startScripted((path, response) => {
    if (path === '/never') return;
    response.setHeader('content-type', 'application/json');
    response.end(path === '/digits' ? '{"n":12345678901234567890,"10":1,"2":2}' : '"here"');
  });
  service = await startService({
    server: { mcp: true, maxToolBytes: 4096, hosts: ['127.0.0.1'], corsOrigins: ['https://app.example'] },
    sources: { slow: { adapter: 'rest', url: store.url, breaker: false } },
    batches,
  });
});
afterAll(async () => {
  await service.close();
  await store.close();
});

const orders = {
  pattern: 'kv',
  queries: {
    user: { source: 'shop', op: 'findOne', params: { collection: 'users', filter: { name: 'Ada Lovelace' } } },
    orders: {
      source: 'shop',
      op: 'find',
      params: { collection: 'orders', filter: { userId: { $result: '/user/_id' } }, limit: 2 },
      select: '/0/number',
    },
  },
};

describe.each(Object.entries(AGENTS))('an agent that speaks %s', (_speaks, connect) => {
  let agent: Agent;
  beforeAll(async () => {
    agent = await connect(service.url);
  });
  afterAll(() => agent.close());

  it('is offered the saved batches that are tools, and those of codap', async () => {
    const tools = await agent.list();
    expect(tools.map(({ name }) => name)).toEqual(['profile', 'run_batch', 'describe_source']);
    expect(tools[0]).toMatchObject({
      description: 'A user, by name.',
      inputSchema: { type: 'object', required: ['name'], additionalProperties: false },
      annotations: { readOnlyHint: true },
    });
    for (const { annotations } of tools) expect(annotations).toMatchObject({ readOnlyHint: true });
    expect(tools[1]?.description).toContain('shop (mongo): findOne, find');
    expect(tools[2]?.inputSchema).toMatchObject({ properties: { name: { enum: expect.arrayContaining(['shop']) } } });
  });

  it('calls a saved batch', async () => {
    const { text, isError } = await agent.call('profile', { name: 'Ada Lovelace' });
    expect(isError).toBe(false);
    expect(JSON.parse(text)).toMatchObject({ complete: true, results: { user: { email: 'ada@shop.example' } } });
  });

  it('gets by one batch what refers to each other, in one round trip', async () => {
    const { text } = await agent.call('run_batch', orders);
    expect(JSON.parse(text)).toMatchObject({ complete: true, results: { orders: expect.any(Number) } });
  });

  it('is told what is wrong, where, and what is allowed there', async () => {
    expect(await agent.call('profile', { nam: 'Ada' })).toEqual({
      isError: true,
      text: [
        'Nothing was run. Correct this and call again:',
        '#/nam: no such parameter; allowed here: name, limit',
        '#/name: name is missing; a string is allowed',
      ].join('\n'),
    });
    const b = { when: { not: { $result: '/a' } }, source: 'shop', op: 'drop' };
    const wrong = { pattern: 'kv', queries: { a: { source: 'shop', op: 'drop' }, b }, trace: true };
    const { text, isError } = await agent.call('run_batch', wrong);
    expect(isError).toBe(true);
    expect(text).toMatch(/#\/queries\/a\/op: .*findOne/);
    expect(text).toMatch(/#\/queries\/b\/when: .*\{"equals": \[a, b\]\}/);
    expect(text).toMatch(/#\/trace: unknown field; allowed here: .*pattern/);
    expect((await agent.call('run_batch')).text).toMatch(/#\/pattern: .*kv, ordered, first-reply/);
    expect((await agent.call('describe_source', { name: 'none' })).text).toMatch(/#\/name: .*shop/);
  });

  it('is told what failed beside what did not, and what failed a whole batch', async () => {
    const queries = { ...orders.queries, price: { source: 'pricing-eu', op: 'get', params: { path: '/nothing' } } };
    const partial = await agent.call('run_batch', { pattern: 'kv', queries });
    expect(partial.isError).toBe(false);
    expect(JSON.parse(partial.text)).toMatchObject({
      complete: false,
      errors: [{ at: '#/price', code: 'NOT_FOUND', source: 'pricing-eu', retryable: false }],
      results: { price: null, orders: expect.any(Number) },
    });
    const failed = await agent.call('run_batch', { pattern: 'kv', queries, onError: 'fail' });
    expect(failed.isError).toBe(true);
    expect(failed.text).toMatch(/^The batch failed\.\n#\/price: NOT_FOUND: .*source pricing-eu/);
  });

  it('is told by the protocol of a tool that is not there, or is no tool', async () => {
    await expect(agent.call('nothing')).rejects.toThrow('unknown tool; there are: profile, run_batch');
    await expect(agent.call('inner')).rejects.toThrow('unknown tool');
    await expect(agent.call('__proto__')).rejects.toThrow('unknown tool');
  });

  it('gets whole members of what is too large, and is told what is missing', async () => {
    const queries = {
      all: { source: 'shop', op: 'find', params: { collection: 'orders' } },
      user: orders.queries.user,
    };
    const { text } = await agent.call('run_batch', { pattern: 'kv', queries });
    const { cut, missing, results } = JSON.parse(text);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(cut).toMatch(/limit, projection, select/);
    expect(results.user).toMatchObject({ email: 'ada@shop.example' });
    expect(missing).toEqual([{ at: '#/all', shown: results.all.length, missing: 24 - results.all.length }]);
  });

  it('gets the part of a description that did not fit, by what it is told of the rest', async () => {
    const first = JSON.parse((await agent.call('describe_source', { name: 'shop' })).text);
    expect(first.cut).toMatch(/argument at, a JSON Pointer/);
    const { at, names } = first.missing.find((one: Body) => one.names?.includes('contents'));
    expect([at, names]).toEqual(['#', ['contents']]);
    const { contents } = (await service.get('/sources/shop')).json();
    for (const form of ['/contents', '#/contents'])
      expect(JSON.parse((await agent.call('describe_source', { name: 'shop', at: form })).text)).toEqual(contents);
    const wrong = await agent.call('describe_source', { name: 'shop', at: '/contents/collections/none/fields' });
    expect([wrong.isError, wrong.text]).toEqual([
      true,
      expect.stringMatching(/\n#\/at: no such part; allowed here: .*\/contents\/collections\/reviews$/),
    ]);
  });

  it('that leaves cancels the work of the stores', async () => {
    const leaving = await connect(service.url);
    const queries = [{ source: 'slow', op: 'get', params: { path: '/never' } }];
    const answer = leaving.call('run_batch', { pattern: 'ordered', queries }).catch(() => 'gone');
    await until(() => store.open('/never') === 1);
    await leaving.close();
    expect(await until(() => store.open('/never') === 0)).toBeLessThan(50);
    expect(await answer).toBe('gone');
  });
});

it('an agent that gives up its request, as the newest version has it, cancels the work of the stores', async () => {
  const agent = await AGENTS['2026-07-28'](service.url);
  const giving = new AbortController();
  const queries = [{ source: 'slow', op: 'get', params: { path: '/never' } }];
  const answer = agent.call('run_batch', { pattern: 'ordered', queries }, giving.signal).catch(() => 'gone');
  await until(() => store.open('/never') === 1);
  giving.abort();
  expect(await until(() => store.open('/never') === 0)).toBeLessThan(50);
  expect(await answer).toBe('gone');
  await agent.close();
});

describe('what an agent is told of a place', () => {
  const count = { source: 'shop', op: 'countDocuments', params: { collection: 'users' } };
  const rows = { source: 'shop', op: 'find', params: { collection: 'orders' } };
  const fails = { source: 'pricing-eu', op: 'get', params: { path: '/nothing' } };
  const late = { when: { $result: '/last' } };
  const last = { ...count, as: 'last' };
  const first = (queries: object[], own: object = {}) => ({ pattern: 'first-reply', queries, ...own });
  const kv = (queries: object, own: object = {}) => ({ pattern: 'kv', queries, ...own });

  it.each([
    ['a list that came later than asked', first([{ ...rows, ...late }, last]), [['#/1', '#/0']]],
    ['a list in a group', kv({ a: first([{ ...rows, ...late }, last]) }), [['#/a']]],
    ['a failure that came later than asked', first([{ ...fails, ...late }, last]), [['#/1', '#/0']]],
    ['a failure in a group', kv({ a: first([{ ...fails, ...late }, last]) }), [['#/a/1', '#/a/0']]],
    ['a list beside a take', first([fails, rows, { ...rows, ...late }, last], { take: 2 }), [['#/0', '#/1']]],
    [
      'a group that failed',
      kv({ a: first([fails, { ...fails, as: 'b' }], { take: 2 }), b: count }),
      [['#/a', '#/a/0']],
    ],
    ['a group that is reshaped', kv({ a: kv({ b: fails, c: count }, { select: '/c' }) }), [['#/a', '#/a/b']]],
    [
      'a default of a winner',
      kv({ a: first([kv({ b: { ...fails, default: 1 } })], { take: 1 }) }),
      [['#/a/b', '#/a/0/b']],
    ],
    ['a list of a winner', kv({ a: first([{ ...rows, as: 'b' }], { take: 1 }) }), [['#/a']]],
    ['a failure of an item', kv({ a: { ...fails, forEach: [1] }, b: count }), [['#/a', '#/a/0']]],
    ['what is hidden', kv({ a: { ...kv({ b: fails, c: count }), hidden: true } }), [['#/a', '#/a/b']]],
    ['what is in its place', kv({ a: { pattern: 'ordered', queries: [count, fails] } }), [['#/a/1']]],
  ])('leads into the results: %s', async (what, batch, places) => {
    const agent = await AGENTS['2026-07-28'](service.url);
    const { text } = await agent.call('run_batch', batch);
    await agent.close();
    const { results, errors = [], missing = [] } = JSON.parse(text);
    expect([...errors, ...missing].map(({ at, path }: Body) => (path === undefined ? [at] : [at, path]))).toEqual(
      places,
    );
    const valueAt = (at: string) => followPath(results, at.split('/').slice(1));
    for (const { at, defaulted } of errors)
      expect(valueAt(at)).toEqual(defaulted ? 1 : what.includes('reshaped') ? 5 : null);
    for (const { at, shown } of missing) expect(valueAt(at)).toHaveLength(shown);
  });
});

const headers = { accept: 'application/json, text/event-stream' };
const message = (params: string, method = 'tools/call') =>
  `{"jsonrpc":"2.0","id":7,"method":"${method}","params":${params}}`;
/** What a message tells of itself where it stands by itself, in this version. */
const meta = (version: string) => ({
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
});
const batch = (query: string) => message(`{"name":"run_batch","arguments":{"pattern":"kv","queries":{"a":${query}}}}`);

describe('POST /mcp', () => {
  it('runs a batch as it was written: keys in their order, digits whole', async () => {
    const get = '{"source":"slow","op":"get","params":{"path":"/digits"}}';
    const body = message(`{"name":"run_batch","arguments":{"pattern":"kv","queries":{"10":${get},"2":${get}}}}`);
    const { result } = (await service.post('/mcp', body, headers)).json();
    const value = '{"n":12345678901234567890,"10":1,"2":2}';
    expect(result.content[0].text).toBe(`{"complete":true,"results":{"10":${value},"2":${value}}}`);
  });

  it.each([
    [
      'an integer that would change',
      '{"source":"shop","op":"find","params":{"n":9007199254740993}}',
      '#/queries/a/params/n',
    ],
    ['a key that stands twice', '{"source":"shop","op":"find","op":"findOne"}', '#/queries/a/op'],
    ['half a character', '{"source":"\\ud800"}', '#/queries/a/source'],
    ['nesting', `{"source":${'['.repeat(40)}${']'.repeat(40)}}`, '#/queries/a/source/0'],
    ['a key such as __proto__', '{"source":"shop","op":"find","__proto__":{}}', '#/queries/a/__proto__'],
  ])('tells an agent of %s', async (_what, query, pointer) => {
    const answer = await service.post('/mcp', batch(query), headers);
    const { id, result } = answer.json();
    expect([answer.status, id, result.isError]).toEqual([200, 7, true]);
    expect(result.content[0].text).toContain(pointer);
  });

  it('takes a batch nested as deep as one that is posted, and no deeper', async () => {
    // Around the list of a query: the batch, its queries, the query.
    for (const [lists, isTooDeep] of [
      [29, false],
      [30, true],
    ] as const) {
      const query = `{"source":${'['.repeat(lists)}${']'.repeat(lists)}}`;
      const posted = await service.post('/kv', `{"queries":{"a":${query}}}`);
      const called = await service.post('/mcp', batch(query), headers);
      for (const { text } of [posted, called]) expect(text.includes('nested deeper than 32')).toBe(isTooDeep);
    }
  });

  it.each([
    ['no JSON', '{"jsonrpc":', 400, -32700],
    ['nothing', '', 400, -32700],
    ['a JSON that is no message', '5', 400, -32600],
    ['an object that is no message', '{"a":1}', 400, undefined],
    ['several messages', `[${message('{}', 'ping')},${message('{}', 'ping')}]`, 400, -32600],
    ['a key that stands twice', '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', 400, -32700],
    ['deep nesting', '['.repeat(100_000), 400, -32700],
    ['much beside the arguments', message(`{"name":"run_batch","_meta":{"a":"${'x'.repeat(70_000)}"}}`), 400, -32600],
    ['an unknown method', message('{}', 'tools/none'), undefined, -32601],
    ['a call without a name', message('{"arguments":{}}'), undefined, undefined],
  ])('answers %s sanely', async (_what, body, status, code) => {
    const answer = await service.post('/mcp', body, headers);
    if (status !== undefined) expect(answer.status).toBe(status);
    expect(answer.json().error.code).toEqual(code ?? expect.any(Number));
    expect(answer.text).not.toMatch(/node_modules|\.ts|at \w+ \(/);
  });

  it('takes arguments that are no object for a fault, and what is too large, compressed or of another type for none of its own', async () => {
    const wrong = (await service.post('/mcp', message('{"name":"run_batch","arguments":5}'), headers)).json();
    expect(wrong.result.isError).toBe(true);
    const large = await service.post('/mcp', batch(`"${'x'.repeat(1_100_000)}"`), headers);
    expect(large.status).toBe(413);
    const typed = await service.post('/mcp', '{}', { ...headers, 'content-type': 'text/plain' });
    expect(typed.status).toBe(415);
    for (const { headers: told } of [large, typed]) expect(told['content-type']).toMatch(/^application\/problem\+json/);
  });

  it.each([
    [undefined, 200],
    ['', 200],
    ['*/*', 200],
    ['application/*, text/*', 200],
    ['application/json, text/html, */*;q=0.1', 200],
    ['APPLICATION/JSON, TEXT/EVENT-STREAM', 200],
    ['text/event-stream;q=0.5, application/json; charset=utf-8', 200],
    ['application/json, text/event-stream;q=0', 406],
    ['application/json;q=0, text/event-stream', 406],
    ['*/*, text/event-stream;q=0', 406],
    ['*/*;q=0', 406],
    ['application/json', 406],
    ['application/jsonp, text/event-streams', 406],
    ['text/html', 406],
  ])('answers who accepts %j in older versions %i, in the newest JSON', async (accept, status) => {
    const accepting: Record<string, string> = accept === undefined ? {} : { accept };
    const older = await service.post('/mcp', message('{}', 'ping'), accepting);
    const own = { 'mcp-method': 'tools/list', 'mcp-protocol-version': '2026-07-28' };
    const body = message(JSON.stringify({ _meta: meta('2026-07-28') }), 'tools/list');
    const newest = await service.post('/mcp', body, { ...accepting, ...own });
    expect([older.status, newest.status]).toEqual([status, 200]);
    for (const { headers: told } of [older, newest]) expect(told['content-type']).toMatch(/^application\/json/);
  });

  it('takes a notification with 202, and has no stream to listen to and no session to end', async () => {
    const notified = await service.post('/mcp', '{"jsonrpc":"2.0","method":"notifications/initialized"}', headers);
    expect([notified.status, notified.text]).toEqual([202, '']);
    for (const method of ['GET', 'DELETE']) {
      const { status, headers: told } = await service.get('/mcp', { accept: 'text/event-stream' }, method);
      expect([status, told['allow']]).toEqual([405, 'POST']);
    }
  });

  it.each(['2024-10-07', '2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('speaks %s', async (version) => {
    const clientInfo = { name: 'test', version: '1' };
    const params = JSON.stringify({ protocolVersion: version, capabilities: {}, clientInfo });
    const { result } = (await service.post('/mcp', message(params, 'initialize'), headers)).json();
    expect(result).toMatchObject({ protocolVersion: version, capabilities: { tools: {} } });
  });

  const older = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'];
  it.each([
    ['server/discover', '2026-07-28', 200, undefined],
    ['server/discover', '2027-03-01', 400, ['2026-07-28', ...older]],
    ['tools/list', '2027-03-01', 400, ['2026-07-28', ...older]],
    // By itself, without the handshake that it begins with.
    ['tools/list', '2025-11-25', 400, ['2026-07-28']],
    ['tools/none', '2026-07-28', 404, undefined],
  ])('tells who asks for %s in %s which versions it speaks', async (method, version, status, supported) => {
    const own = { 'mcp-method': method, 'mcp-protocol-version': version };
    const body = message(JSON.stringify({ _meta: meta(version) }), method);
    const answer = await service.post('/mcp', body, { ...headers, ...own });
    const { id, result, error } = answer.json();
    expect([answer.status, id, error?.data?.supported]).toEqual([status, 7, supported]);
    if (status === 200) expect(result.supportedVersions).toEqual(['2026-07-28']);
  });

  it.each([
    ['http://127.0.0.1:3000', 200],
    ['https://app.example', 200],
    ['https://evil.example', 403],
    ['http://127.0.0.1.evil.example', 403],
    ['null', 403],
  ])('is asked by a page of %s: %i', async (origin, status) => {
    expect((await service.post('/mcp', message('{}', 'ping'), { ...headers, origin })).status).toBe(status);
  });

  it('counts what a batch came to, under its name', async () => {
    const call = (name: string, given: object, signal?: AbortSignal) =>
      service.post('/mcp', message(JSON.stringify({ name, arguments: given })), headers, signal);
    const text = async () => (await service.get('/metrics')).text;
    const price = { source: 'pricing-eu', op: 'get', params: { path: '/nothing' } };
    await call('profile', { name: 'Ada Lovelace' });
    await call('profile', { nam: 'Ada' });
    await call('run_batch', { pattern: 'kv', queries: { price }, onError: 'fail' });
    await call('run_batch', { pattern: 'kv', queries: { price } });
    const never = { source: 'slow', op: 'get', params: { path: '/never' } };
    const leaving = new AbortController();
    const left = call('run_batch', { pattern: 'kv', queries: { never } }, leaving.signal).catch(() => {});
    await until(() => store.open('/never') === 1);
    leaving.abort();
    await left;
    for (const [named, outcome] of [
      ['profile', 'complete'],
      ['profile', 'invalid'],
      ['', 'failed'],
      ['', 'incomplete'],
      ['', 'cancelled'],
    ])
      await expect
        .poll(text)
        .toMatch(
          new RegExp(`codap_batches_total\\{pattern="\\w+",batch="${named}",outcome="${outcome}",caller=""\\} `),
        );
  });
});

describe('a service', () => {
  it('has no /mcp unless that is on, and no run_batch without ad-hoc batches', async () => {
    await using off = Object.assign(await startService({ stores: service.stores }), disposing);
    expect((await off.post('/mcp', message('{}', 'ping'), headers)).status).toBe(404);
    await using saved = Object.assign(
      await startService({ stores: service.stores, server: { mcp: true, adhoc: false }, batches }),
      disposing,
    );
    const agent = await AGENTS['2026-07-28'](saved.url);
    expect((await agent.list()).map(({ name }) => name)).toEqual(['profile', 'describe_source']);
    await expect(agent.call('run_batch', orders)).rejects.toThrow('unknown tool');
    await agent.close();
  });

  it('tells of a message that takes more work than it may by the protocol, too', async () => {
    await using small = Object.assign(
      await startService({ stores: service.stores, server: { mcp: true }, limits: { work: 1000, queries: 10_000 } }),
      disposing,
    );
    const queries = Array.from({ length: 9000 }, () => ({ source: 'shop', op: 'find' }));
    const many = { name: 'run_batch', arguments: { pattern: 'ordered', queries } };
    const answer = await small.post('/mcp', message(JSON.stringify(many)), headers);
    expect([answer.status, answer.json()]).toEqual([
      400,
      {
        jsonrpc: '2.0',
        error: { code: -32600, message: expect.stringMatching(/^Nothing was run\. TOO_LARGE: .* 1000 pieces of work/) },
        id: null,
      },
    ]);
  });

  it('logs the batch of a tool as any other', async () => {
    const lines: string[] = [];
    const logger = createLogger('info', new Secrets([]), { write: (line) => void lines.push(line) });
    const app = await buildApp(parseConfig({ server: { mcp: true } }), { sources: new Map(), logger });
    const group = { pattern: 'ordered', queries: [] };
    const batch = { pattern: 'ordered', queries: [{ pattern: 'kv', queries: { a: group, b: group } }] };
    const payload = message(`{"name":"run_batch","arguments":${JSON.stringify(batch)}}`);
    const type = { 'content-type': 'application/json' };
    await app.inject({ method: 'POST', url: '/mcp', payload, headers: { ...headers, ...type } });
    await app.close();
    const line = lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'batch');
    expect(line).toMatchObject({ pattern: 'ordered', queries: 3, complete: true, requestId: expect.any(String) });
  });

  it('has it on in the demo', () => {
    expect(demoConfig({ mongoUrl: '', s3Endpoint: '', restUrl: '' }).server).toMatchObject({ mcp: true });
  });

  it.each(['run_batch', 'describe_source'])('lets no saved batch that is a tool be named %s', async (name) => {
    const start = startService({ stores: service.stores, batches: { [name]: { ...batches.inner, tool: true } } });
    await expect(start).rejects.toMatchObject({
      faults: [{ path: `configuration: batches.${name}#/tool`, detail: expect.stringContaining('another name') }],
    });
  });
});

const disposing = {
  async [Symbol.asyncDispose](this: { close(): Promise<void> }) {
    await this.close();
  },
};
