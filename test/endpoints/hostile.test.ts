import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asked, type Body, type Service, startService } from '../service.ts';

const get = (path: unknown, more: object = {}) => ({ source: 'catalog', op: 'get', params: { path, ...more } });
const find = (params: object) => ({ source: 'shop', op: 'find', params: { collection: 'users', ...params } });
const filter = (filter: object) => find({ filter });
const pipeline = (...stages: object[]) => ({
  source: 'shop',
  op: 'aggregate',
  params: { collection: 'users', pipeline: stages },
});
const object = (key: unknown) => ({ source: 'photos', op: 'getObject', params: { key } });
const listing = (params: object) => ({ source: 'photos', op: 'listObjects', params });

const rest: Record<string, object> = {
  'a path up': get('../eu/quote'),
  'a path up in the middle': get('/products/../../eu'),
  'an encoded path up': get('/%2e%2e/x'),
  'a path up, encoded twice': get('/%252e%252e/x'),
  'a half-encoded path up': get('/.%2e/x'),
  'a backslash path up': get('..\\x'),
  'an encoded backslash': get('/..%5cx'),
  'a path up behind a parameter': get('/..;a/x'),
  'another host': get('//evil.example/x'),
  'another host by backslash': get('\\\\evil.example'),
  'another host behind a tab': get('\t//evil.example'),
  'a query in the path': get('/products?category=novel'),
  'a fragment': get('/products#x'),
  'a line break': get('/products\r\nhost: evil'),
  'a zero': get('/products\u0000'),
  'a segment that goes up': get(['products', '..']),
  'a segment that goes up twice encoded': get(['%252e%252e']),
  'a segment with a way up inside': get(['a/../../b']),
  'an empty segment': get(['products', '']),
  'a segment that is an object': get([{ x: 1 }]),
  'a path that is a reference': get({ $result: '/other' }),
  'a header that is not allowed': get('/echo', { headers: { authorization: 'x' } }),
  'a host header': get('/echo', { headers: { host: 'evil.example' } }),
  'a header that ends the line': get('/echo', { headers: { accept: 'a\r\nx: y' } }),
  'a hop-by-hop header': get('/echo', { headers: { connection: 'x' } }),
  'a length': get('/echo', { headers: { 'content-length': '5' } }),
  'a body on get': get('/echo', { body: {} }),
  'post where methods has none': { source: 'pricing-eu', op: 'post', params: { path: '/echo', body: {} } },
  put: { source: 'catalog', op: 'put', params: { path: '/echo' } },
  delete: { source: 'catalog', op: 'delete', params: { path: '/echo' } },
  'an op of the prototype': { source: 'catalog', op: 'constructor', params: {} },
  'a source of the prototype': { source: '__proto__', op: 'get', params: {} },
  'an address as a source': { source: 'http://evil.example/', op: 'get', params: {} },
  'an unknown param': get('/echo', { url: 'http://evil.example' }),
  'a __proto__ param': JSON.parse(
    '{"source":"catalog","op":"get","params":{"path":"/echo","__proto__":{"x":1}}}',
  ) as object,
};

const mongo: Record<string, object> = {
  'another collection': find({ collection: 'secrets' }),
  'a system collection': find({ collection: 'system.users' }),
  'a collection of the prototype': find({ collection: 'constructor' }),
  'a collection that is a reference': find({ collection: { $result: '/other' } }),
  $where: filter({ $where: 'sleep(1000)' }),
  '$where below $and': filter({ $and: [{ $or: [{ $where: '1' }] }] }),
  '$where below a field': filter({ a: { $elemMatch: { $where: '1' } } }),
  $function: filter({ $expr: { $function: { body: 'x', args: [], lang: 'js' } } }),
  '$function in $project': pipeline({ $project: { x: { $function: { body: 'x', args: [], lang: 'js' } } } }),
  $accumulator: pipeline({ $group: { _id: 1, x: { $accumulator: {} } } }),
  $out: pipeline({ $out: 'users' }),
  $merge: pipeline({ $merge: { into: 'users' } }),
  '$lookup of another collection': pipeline({
    $lookup: { from: 'secrets', localField: 'a', foreignField: 'b', as: 'c' },
  }),
  '$lookup with a pipeline that writes': pipeline({ $lookup: { from: 'users', pipeline: [{ $out: 'x' }], as: 'c' } }),
  '$unionWith another collection': pipeline({ $unionWith: 'secrets' }),
  '$unionWith by object': pipeline({ $unionWith: { coll: 'secrets', pipeline: [] } }),
  '$graphLookup of another collection': pipeline({
    $graphLookup: { from: 'secrets', startWith: '$a', connectFromField: 'a', connectToField: 'b', as: 'c' },
  }),
  '$facet around a $out': pipeline({ $facet: { a: [{ $out: 'x' }] } }),
  '$lookup of another database': pipeline({
    $lookup: { from: { db: 'admin', coll: 'users' }, localField: 'a', foreignField: 'b', as: 'c' },
  }),
  $currentOp: pipeline({ $currentOp: {} }),
  $collStats: pipeline({ $collStats: { storageStats: {} } }),
  $listSessions: pipeline({ $listSessions: {} }),
  $documents: pipeline({ $documents: [{ a: 1 }] }),
  'an unknown stage': pipeline({ $doesNotExist: {} }),
  'a stage of the prototype': pipeline({ constructor: {} }),
  'an operator of the prototype': filter({ a: { $constructor: 1 } }),
  code: filter({ a: { $code: 'x' } }),
  'a DBRef': filter({ a: { $ref: 'users', $id: 1 } }),
  'a pointer': filter({ a: { $dbPointer: { $ref: 'x', $id: { $oid: '66f000000000000000000001' } } } }),
  'a wrapper with keys beside it': filter({ _id: { $oid: '66f000000000000000000001', x: 1 } }),
  'an invalid date': filter({ at: { $date: 'nope' } }),
  'an operator as a reference’s key': filter({ $and: { $result: '/other' } }),
  'a filter that is a reference': find({ filter: { $result: '/other' } }),
  'a projection that is a reference': find({ projection: { $result: '/other' } }),
  'a sort that is a reference': find({ sort: { at: { $result: '/other' } } }),
  'a stage that is a reference': {
    source: 'shop',
    op: 'aggregate',
    params: { collection: 'users', pipeline: [{ $result: '/other' }] },
  },
  'a pipeline that is a reference': {
    source: 'shop',
    op: 'aggregate',
    params: { collection: 'users', pipeline: { $result: '/other' } },
  },
  'a write': { source: 'shop', op: 'insertOne', params: { collection: 'users', document: {} } },
  'a delete': { source: 'shop', op: 'deleteMany', params: { collection: 'users', filter: {} } },
  'a command': { source: 'shop', op: 'command', params: { dropDatabase: 1 } },
  'an unknown option': find({ comment: 'x' }),
  'another database': find({ database: 'admin' }),
  'a let': { source: 'shop', op: 'aggregate', params: { collection: 'users', pipeline: [], let: { a: 1 } } },
};

const s3: Record<string, object> = {
  'a key up': object('../private/payroll.txt'),
  'a key up in the middle': object('covers/../../private/payroll.txt'),
  'a key with a dot': object('./welcome.txt'),
  'an empty key': object(''),
  'a prefix up': listing({ prefix: '../private/' }),
  'a key that is an object': object({ x: 1 }),
  'a prefix that is a reference': listing({ prefix: { $result: '/other' } }),
  'another bucket': { source: 'photos', op: 'getObject', params: { key: 'a', bucket: 'files' } },
  'a write': { source: 'photos', op: 'putObject', params: { key: 'a', body: 'x' } },
  'a delete': { source: 'photos', op: 'deleteObject', params: { key: 'a' } },
  'a presigned write': { source: 'photos', op: 'presignPutObject', params: { key: 'a' } },
  'an expiry beyond the source’s': {
    source: 'photos',
    op: 'presignGetObject',
    params: { key: 'a', expiresInSeconds: 301 },
  },
};

const posted = (body: unknown) => ({ source: 'catalog', op: 'post', params: { path: '/echo', body } });

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const other = { source: 'catalog', op: 'get', params: { path: '/text' } };
const cases = (table: Record<string, object>) => Object.entries(table);

describe.each([
  ['rest', cases(rest)],
  ['mongo', cases(mongo)],
  ['s3', cases(s3)],
])('nothing leads out of %s:', (_adapter, table) => {
  it.each(table)('%s is a 400 and reaches no store', async (_what, query) => {
    const before = await asked(service.stores);
    const answer = await service.post('/kv', { queries: { other, query } });
    expect(answer.status, answer.text).toBe(400);
    expect(answer.json().errors[0].pointer).toMatch(/^#\/queries\/query/);
    expect(await asked(service.stores)).toBe(before);
  });
});

/** The reply of a query into which a store’s answer, this value, is filled as `/given/value`. */
async function filled(value: unknown, query: object): Promise<Body> {
  const { results } = await service.kv({ given: { ...posted(value), select: { value: '/body' } }, query });
  expect(results.given.status).toBe('ok');
  return results.query;
}

describe('what a reference fills in is data:', () => {
  const text = { $result: '/given/value' };

  it.each(['..', '.', '../x', '%2e%2e', '%252e%252e', 'a/../b', '..\\x', '', 'a\r\nb', '\u0000'])(
    'the segment %j is INVALID',
    async (value) => {
      const reply = await filled(value, get(['stock', text]));
      expect(reply).toMatchObject({ status: 'error', error: { code: 'INVALID', source: 'catalog' } });
    },
  );

  it.each(['a?b', 'a#b', 'a/b', 'a%2fb', '//evil.example', 'http://evil.example', 'ü €', '😀'])(
    'the segment %j is one segment',
    async (value) => {
      const reply = await filled(value, get(['echo', text]));
      expect(reply.value).toMatchObject({ path: `/echo/${encodeURIComponent(value)}`, search: '' });
    },
  );

  it.each(['a=b&c=d', '#', 'ü', '\r\n'])('the query value %j is one value', async (value) => {
    const reply = await filled(value, get('/echo', { query: { q: text } }));
    expect(reply.value).toMatchObject({ path: '/echo', query: { q: value } });
  });

  it('a header’s value cannot end the line', async () => {
    const reply = await filled('a\r\nx-evil: 1', get('/echo', { headers: { accept: text } }));
    expect(reply).toMatchObject({ error: { code: 'INVALID' } });
  });

  it('an object with an operator in it is INVALID in a filter, at any depth', async () => {
    const echoed = { source: 'catalog', op: 'get', params: { path: '/echo', query: { $ne: 'x' } } };
    for (const pointer of ['/echoed/query', '/echoed']) {
      const { results } = await service.kv({ echoed, query: filter({ name: { $result: pointer } }) });
      expect(results.query).toMatchObject({ status: 'error', error: { code: 'INVALID', source: 'shop' } });
    }
  });

  it('a string beginning with $ is a string, in a filter and in an expression', async () => {
    const compared = await filled('$name', filter({ name: text }));
    expect(compared.value).toEqual([]);
    const expression = await filled(
      '$name',
      pipeline({ $limit: 1 }, { $project: { _id: 0, told: { $concat: [text, '!'] } } }),
    );
    expect(expression.value).toEqual([{ told: '$name!' }]);
  });

  it('text in a $regex is escaped', async () => {
    const reply = await filled('.*', filter({ name: { $regex: { $join: ['^', text] } } }));
    expect(reply.value).toEqual([]);
  });

  it('a reference in a store’s answer is not looked for', async () => {
    const echoed = {
      source: 'catalog',
      op: 'get',
      params: { path: '/echo', query: { $verbatim: { $result: '/other' } } },
    };
    const { results } = await service.kv({ other, echoed, copy: { ...posted({ was: { $result: '/echoed/query' } }) } });
    expect(JSON.parse(results.copy.value.body)).toEqual({ was: { $result: '/other' } });
  });

  it('a key stays behind the prefix', async () => {
    for (const key of ['../private/payroll.txt', '..', 'a/../../private/payroll.txt', './x']) {
      expect(await filled(key, object(text))).toMatchObject({ error: { code: 'INVALID' } });
    }
    for (const key of [
      'private/payroll.txt',
      '/private/payroll.txt',
      '%2e%2e/private/payroll.txt',
      '..%2fprivate/payroll.txt',
    ]) {
      const reply = await filled(key, object(text));
      expect(['NOT_FOUND', 'INVALID']).toContain(reply.error.code);
    }
  });
});
