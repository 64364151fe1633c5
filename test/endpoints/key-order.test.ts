import { serialize } from 'bson';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bsonToJson } from '../../adapters/mongo/bson-json.ts';
import { parseExact } from '../../src/json/parse.ts';
import { startScriptedMongo, type ScriptedMongo } from '../scripted-mongo.ts';
import { startScripted, type ScriptedStore } from '../scripted-store.ts';
import { type Service, startService } from '../service.ts';
import { askBytes } from './bytes.ts';

/** Keys out of the order that JavaScript would give them, at two depths. */
const MIXED = '{"b":1,"2024":{"z":1,"10":2,"9":3},"1":[{"a":1,"0":2}],"007":3}';
// The same as a document of the store.
const STORED = parseExact(MIXED) as object;

const asked: string[] = [];
let mongo: ScriptedMongo;
let echo: ScriptedStore;
let service: Service;

beforeAll(async () => {
  mongo = await startScriptedMongo(() => [serialize(STORED)]);
  echo = await startScripted((path, response, request) => {
    asked.push(path);
    response.setHeader('content-type', 'application/json');
    if (path.startsWith('/fail')) response.writeHead(Number(path.slice('/fail/'.length))).end();
    else if (request.method === 'POST') request.pipe(response);
    else response.end(MIXED);
  });
  service = await startService({
    sources: {
      typed: { adapter: 'mongo', url: mongo.url, database: 'd', collections: ['c'] },
      echo: { adapter: 'rest', url: echo.url, methods: ['get', 'post'], requestHeaders: ['1', 'b'] },
    },
  });
});
afterAll(async () => {
  await service.close();
  await mongo.close();
  await echo.close();
});
beforeEach(() => {
  asked.length = 0;
});

/** Queries as text: the keys of a JavaScript object would have moved before they are sent. */
const query = (source: string, op: string, params: string, more = '') =>
  `{"source":"${source}","op":"${op}","params":${params}${more}}`;
const get = (path = '/mixed', more = '') => query('echo', 'get', `{"path":"${path}"}`, more);
const post = (body: string) => query('echo', 'post', `{"body":${body}}`);
const findOne = (params = '', more = '') => query('typed', 'findOne', `{"collection":"c"${params}}`, more);
const values = async (queries: string, pattern = 'kv') =>
  (await service.post(`/${pattern}`, `{"shape":"values","queries":${queries}}`)).text;

/** What was sent to the store last, a member of its command, as JSON. */
const sent = (name: string): string => {
  const command = bsonToJson(mongo.commands.at(-1) as Buffer, 'plain');
  const start = command.indexOf(`"${name}":`) + name.length + 3;
  return command.slice(start);
};

describe('the order of keys holds in what MongoDB is asked', () => {
  const cases: [string, string, string, string, string][] = [
    ['sort', 'find', '"sort":{"score":-1,"2024":1,"1":-1}', 'sort', '{"score":-1,"2024":1,"1":-1}'],
    ['hint', 'find', '"hint":{"b":1,"2":1,"1":-1}', 'hint', '{"b":1,"2":1,"1":-1}'],
    [
      'projection',
      'find',
      '"projection":{"b":1,"2":1,"1":{"z":1,"0":1}}',
      'projection',
      '{"b":1,"2":1,"1":{"z":1,"0":1}}',
    ],
    ['an embedded document in a filter', 'find', `"filter":{"a":${MIXED}}`, 'filter', `{"a":${MIXED}}`],
    ['an embedded document under $eq', 'find', `"filter":{"a":{"$eq":${MIXED}}}`, 'filter', `{"a":{"$eq":${MIXED}}}`],
    ['embedded documents under $in', 'find', `"filter":{"a":{"$in":[${MIXED}]}}`, 'filter', `{"a":{"$in":[${MIXED}]}}`],
    ['the fields of a filter', 'find', '"filter":{"b":1,"2":{"$gt":1},"1":3}', 'filter', '{"b":1,"2":{"$gt":1},"1":3}'],
    [
      '$elemMatch',
      'find',
      '"filter":{"a":{"$elemMatch":{"b":1,"0":2}}}',
      'filter',
      '{"a":{"$elemMatch":{"b":1,"0":2}}}',
    ],
    ['$sort', 'aggregate', '"pipeline":[{"$sort":{"b":1,"2":-1}}]', 'pipeline', '[{"$sort":{"b":1,"2":-1}}'],
    [
      '$project',
      'aggregate',
      '"pipeline":[{"$project":{"b":1,"2":{"$add":["$x",1]},"1":{"z":1,"0":1}}}]',
      'pipeline',
      '[{"$project":{"b":1,"2":{"$add":["$x",1]},"1":{"z":1,"0":1}}}',
    ],
    [
      '$group',
      'aggregate',
      '"pipeline":[{"$group":{"_id":{"b":"$b","1":"$a"},"z":{"$sum":1},"0":{"$max":"$x"}}}]',
      'pipeline',
      '[{"$group":{"_id":{"b":"$b","1":"$a"},"z":{"$sum":1},"0":{"$max":"$x"}}}',
    ],
    [
      '$facet',
      'aggregate',
      '"pipeline":[{"$facet":{"b":[{"$limit":1}],"1":[{"$limit":1}]}}]',
      'pipeline',
      '[{"$facet":{"b":[{"$limit":1}],"1":[{"$limit":1}]}}',
    ],
    [
      'a literal',
      'aggregate',
      `"pipeline":[{"$set":{"a":{"$literal":${MIXED}}}}]`,
      'pipeline',
      `[{"$set":{"a":{"$literal":${MIXED}}}}`,
    ],
    ['the query of a distinct', 'distinct', `"key":"x","filter":{"b":1,"1":${MIXED}}`, 'query', `{"b":1,"1":${MIXED}}`],
    ['the filter of a count', 'countDocuments', '"filter":{"b":1,"1":2}', 'pipeline', '[{"$match":{"b":1,"1":2}}'],
  ];

  it.each(cases)('%s', async (_what, op, params, member, expected) => {
    await values(`{"a":${query('typed', op, `{"collection":"c",${params}}`)}}`);
    expect(sent(member).startsWith(expected), sent(member)).toBe(true);
  });

  it.each(cases.filter(([, op]) => op === 'find' || op === 'aggregate'))(
    '%s, where the list flows',
    async (_what, op, params, member, expected) => {
      const body = `{"queries":[${query('typed', op, `{"collection":"c",${params},"batchSize":7}`, ',"stream":true')}]}`;
      const answer = await service.post('/ordered', body, { accept: 'application/x-ndjson' });
      expect(answer.text).toContain(`"value":${MIXED}`);
      expect(sent(member).startsWith(expected), sent(member)).toBe(true);
    },
  );

  it('a document that is filled in', async () => {
    await values(
      `{"t":${findOne()},"a":${findOne(',"filter":{"x":{"$result":"/t"},"2":1,"b":{"1":{"$result":"/t/1"}}}}'.slice(0, -1))}}`,
    );
    expect(sent('filter')).toContain(`{"x":{"$eq":${MIXED}},"2":1,"b":{"1":[{"a":1,"0":2}]}}`);
  });

  it('any keys', async () => {
    const key = fc.oneof(fc.nat({ max: 30 }).map(String), fc.stringMatching(/^[a-z#]{1,3}\d?$/));
    const document = fc.letrec<{ text: string }>((tie) => ({
      text: fc
        .uniqueArray(fc.tuple(key, fc.oneof({ depthSize: 'small' }, fc.constant('1'), tie('text'))), {
          selector: ([name]) => name,
        })
        .map((members) => `{${members.map(([name, text]) => `"${name}":${text}`).join(',')}}`),
    })).text;
    await fc.assert(
      fc.asyncProperty(document, async (text) => {
        await values(`{"a":${findOne(`,"filter":{"a":{"$eq":${text}}}`)}}`);
        expect(sent('filter').startsWith(`{"a":{"$eq":${text}}}`), sent('filter')).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the order of keys holds in what REST is asked', () => {
  it('query, and body', async () => {
    const query = '"query":{"b":1,"2":[2,3],"1":{"$result":"/t/b"}}';
    const body = `{"b":1,"2":{"$result":"/t"},"1":{"z":0,"0":{"$join":["x"]}}}`;
    const text = await values(
      `{"t":${get('/t')},"a":{"source":"echo","op":"post","params":{"path":"a",${query},"headers":{"b":"1","1":"2"},"body":${body}}}}`,
    );
    expect(asked.at(-1)).toBe('/a?b=1&2=2&2=3&1=1');
    expect(text).toContain(`"a":{"b":1,"2":${MIXED},"1":{"z":0,"0":"x"}}`);
  });
});

describe('the order of keys holds in answers', () => {
  const SOURCES: [string, string][] = [
    ['a document of MongoDB', findOne()],
    ['JSON of REST', get()],
  ];

  it.each(SOURCES)('%s, on every path', async (_what, one) => {
    const more = (text: string) => `${one.slice(0, -1)},${text}}`;
    const queries = [
      ['gathered', one, MIXED],
      ['whole', more('"select":{"z":"","1":"/2024","0":"/b"}'), `{"z":${MIXED},"1":{"z":1,"10":2,"9":3},"0":1}`],
      ['part', more('"select":"/2024"'), '{"z":1,"10":2,"9":3}'],
      [
        'filled',
        post('{"z":{"$result":"/gathered"},"1":{"$result":"/gathered/1/0"}}'),
        `{"z":${MIXED},"1":{"a":1,"0":2}}`,
      ],
      ['verbatim', post(`{"$verbatim":${MIXED}}`), MIXED],
      ['defaulted', get('/fail/404', `,"default":${MIXED}`), MIXED],
      [
        'group',
        `{"pattern":"kv","queries":{"b":${one},"2":${one},"1":${one}},"select":""}`,
        `{"b":${MIXED},"2":${MIXED},"1":${MIXED}}`,
      ],
      ['named', post('{"all":{"$result":"/group"}}'), `{"all":{"b":${MIXED},"2":${MIXED},"1":${MIXED}}}`],
      ['met', `${post('1').slice(0, -1)},"when":{"equals":[{"$result":"/gathered"},${MIXED}]}}`, '1'],
      ['member', `${post('{"$item":"/0"}').slice(0, -1)},"forEach":{"$result":"/gathered/1"}}`, '[2]'],
    ];
    const text = await values(`{${queries.map(([name, query]) => `"${name}":${query}`).join(',')}}`);
    expect(text).toBe(`{${queries.map(([name, , expected]) => `"${name}":${expected}`).join(',')}}`);
  });

  it('the keys of a kv, as replies and as values, in a group too', async () => {
    const queries = `{"b":${get()},"2":${get()},"1":{"pattern":"kv","queries":{"z":${get()},"0":${get()}}},"10":${get()}}`;
    const order = (text: string) => [...text.matchAll(/"(b|2|1|z|0|10)":\{"status"/g)].map(([, key]) => key);
    const whole = await service.post('/kv', `{"queries":${queries}}`);
    expect(order(whole.text)).toEqual(['b', '2', '1', 'z', '0', '10']);
    expect(await values(queries)).toBe(`{"b":${MIXED},"2":${MIXED},"1":{"z":${MIXED},"0":${MIXED}},"10":${MIXED}}`);
  });

  it('the keys of a group in a list, one after the other, in an archive', async () => {
    const body = `{"queries":[{"pattern":"kv","queries":{"b":${get()},"2":${get()},"1":${get()}}}]}`;
    const answer = await askBytes(`${service.url}/ordered`, body, 'application/zip');
    const archive = (await answer.read()).toString('latin1');
    // Each name stands before its content, and in the directory at the end.
    const names = [...archive.matchAll(/0\/\w+\.json/g)].map(([name]) => name).slice(0, 3);
    expect(names).toEqual(['0/b.json', '0/2.json', '0/1.json']);
  });

  it('the first failure of a kv is the one written first', async () => {
    const queries = `{"g":{"pattern":"kv","queries":{"b":${get('/fail/404')},"2":${get('/fail/500')},"1":${get('/fail/429')}}}}`;
    const { results } = (await service.post('/kv', `{"queries":${queries}}`)).json();
    expect(results.g.error.code).toBe('NOT_FOUND');
  });
});

describe('where an object has fixed fields', () => {
  it.each([
    ['a batch', `{"1":1,"queries":{"a":${get()}}}`, '#/1'],
    ['a query', `{"queries":{"a":${get('/x', ',"2":1')}}}`, '#/queries/a/2'],
    ['a group', `{"queries":{"a":{"3":1,"pattern":"kv","queries":{"b":${get()}}}}}`, '#/queries/a/3'],
    ['params', `{"queries":{"a":${query('echo', 'get', '{"path":"/","4":1}')}}}`, '#/queries/a/params/4'],
    [
      'a collation',
      `{"queries":{"a":${findOne(',"collation":{"locale":"en","5":1}')}}}`,
      '#/queries/a/params/collation/5',
    ],
    ['an operator', `{"queries":{"a":${findOne(',"filter":{"a":{"$gt":1,"6":1}}')}}}`, '#/queries/a/params/filter/a/6'],
    [
      'Extended JSON',
      `{"queries":{"a":${findOne(',"filter":{"a":{"$oid":"66f0c0ffee66f0c0ffee66f0","7":1}}')}}}`,
      '#/queries/a/params/filter/a/7',
    ],
    ['a reference', `{"queries":{"a":${post('{"8":1,"$result":"/b"}')}}}`, '#/queries/a/params/body/$result'],
    [
      'a broken reference beside others',
      `{"queries":{"a":${findOne(',"sort":{"b":1,"9":{"$result":1}}')}}}`,
      '#/queries/a/params/sort/9/$result',
    ],
    [
      'a stage',
      `{"queries":{"a":${query('typed', 'aggregate', '{"collection":"c","pipeline":[{"10":1}]}')}}}`,
      '#/queries/a/params/pipeline/0/10',
    ],
    [
      'a header',
      `{"queries":{"a":${query('echo', 'get', '{"headers":{"b":"1","11":"x"}}')}}}`,
      '#/queries/a/params/headers/11',
    ],
  ])('a key that looks like an integer is a fault in %s', async (_what, body, pointer) => {
    const answer = await service.post('/kv', body);
    expect(answer.status).toBe(400);
    expect(answer.json().errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([pointer]);
  });
});
