import { deserialize } from 'bson';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonOf, MODES, rawDocument, ROWS } from '../adapters/mongo/raw-bson.ts';
import { unpack } from '../encodings/unpack.ts';
import { startScriptedMongo, type ScriptedMongo } from '../scripted-mongo.ts';
import { startScripted, type ScriptedStore } from '../scripted-store.ts';
import { type Service, startService } from '../service.ts';
import { askBytes } from './bytes.ts';

let mongo: ScriptedMongo;
let echo: ScriptedStore;
let service: Service;

beforeAll(async () => {
  mongo = await startScriptedMongo((name, command) => {
    const { filter, query } = deserialize(command) as Record<string, { row: number }>;
    const raw = ROWS[(filter ?? query)?.row ?? 0]?.[1] as NonNullable<(typeof ROWS)[0]>[1];
    return name === 'distinct' ? { distinct: [raw, raw] } : [rawDocument([['v', raw]])];
  });
  echo = await startScripted((_path, response, request) => {
    response.setHeader('content-type', 'application/json');
    request.pipe(response);
  });
  service = await startService({
    sources: {
      typed: { adapter: 'mongo', url: mongo.url, database: 'd', collections: ['c'] },
      echo: { adapter: 'rest', url: echo.url, methods: ['post'] },
    },
  });
});
afterAll(async () => {
  await service.close();
  await mongo.close();
  await echo.close();
});

const ask = (op: string, row: number, mode: (typeof MODES)[number]) => ({
  source: 'typed',
  op,
  params: {
    collection: 'c',
    ...(op === 'distinct' && { key: 'v' }),
    ...(op === 'aggregate' ? { pipeline: [{ $match: { row } }] } : { filter: { row } }),
    ...(mode !== 'plain' && { ejson: mode }),
  },
});
const post = (body: unknown) => ({ source: 'echo', op: 'post', params: { body } });

const PROGRAMS = [
  ['zipfile', 'application/zip'],
  ['tarfile', 'application/x-tar'],
] as const;

describe.each(MODES)('a stored value looks the same on every path: %s', (mode) => {
  // One of each kind holds them all: a program that unpacks takes a while to start.
  let archives: Map<string, Buffer>[];
  beforeAll(async () => {
    const rows = ROWS.map((_, row) => ({
      as: String(row),
      pattern: 'kv',
      queries: { v: { ...ask('findOne', row, mode), select: '/v' }, values: ask('distinct', row, mode) },
    }));
    archives = await Promise.all(
      PROGRAMS.map(async ([program, type]) => {
        const archive = await askBytes(`${service.url}/ordered`, { queries: rows }, type);
        return unpack(program, await archive.read());
      }),
    );
  });

  it.each(ROWS.map(([what, , json], row) => [what, row, json] as const))('%s', async (_what, row, json) => {
    const text = jsonOf(json, mode);
    const plain = jsonOf(json, 'plain');
    const values = {
      one: ask('findOne', row, mode),
      list: ask('find', row, mode),
      distinct: ask('distinct', row, mode),
    };

    const gathered = await service.post('/kv', { shape: 'values', queries: values });
    expect(gathered.text).toBe(`{"one":{"v":${text}},"list":[{"v":${text}}],"distinct":[${text},${text}]}`);

    const selected = await service.post('/kv', {
      shape: 'values',
      queries: {
        member: { ...values.one, select: '/v' },
        whole: { ...values.one, select: { all: '' } },
        all: { ...values.list, select: '/*/v' },
        distinct: { ...values.distinct, select: '' },
        group: { pattern: 'ordered', queries: [values.one], select: '' },
        race: { pattern: 'first-reply', take: 1, queries: [{ pattern: 'ordered', queries: [values.one] }] },
        mixed: { pattern: 'ordered', queries: [values.one, ask('findOne', row, 'plain')], select: '/0' },
      },
    });
    // What `*` gathers of a list are its members.
    const members = text.startsWith('[') ? text : `[${text}]`;
    expect(selected.text).toContain(`"member":${text},"whole":{"all":{"v":${text}}},"all":${members}`);
    expect(selected.text).toContain(`"distinct":[${text},${text}],"group":[{"v":${text}}],"race":[{"v":${text}}]`);
    expect(selected.text).toContain(`"mixed":{"v":${plain}}`);

    const referred = await service.post('/kv', {
      shape: 'values',
      queries: {
        one: { ...values.one, hidden: true },
        values: { ...values.distinct, hidden: true },
        filled: post({ v: { $result: '/one/v' }, all: { $result: '/values' } }),
        compared: { ...post(1), when: { equals: [{ $result: '/one' }, { v: JSON.parse(plain) as unknown }] } },
      },
    });
    expect(referred.text).toContain(`"filled":{"v":${plain},"all":[${plain},${plain}]},"compared":1`);

    const stream = { queries: [{ ...values.list, stream: true }] };
    const answer = await askBytes(`${service.url}/ordered`, stream, 'application/x-ndjson');
    expect(String(await answer.read())).toContain(`"value":{"v":${text}}`);

    for (const files of archives) {
      expect(String(files.get(`${row}/v.json`))).toBe(text);
      expect(String(files.get(`${row}/values.json`))).toBe(`[${text},${text}]`);
    }
  });
});

describe('a stored value in a $join', () => {
  it.each(ROWS.map(([what, , json], row) => [what, row, jsonOf(json, 'plain')] as const))(
    '%s',
    async (what, row, json) => {
      const { results } = await service.kv({
        one: ask('findOne', row, 'plain'),
        joined: post({ v: { $join: ['<', { $result: '/one/v' }, '>'] } }),
      });
      const plain = JSON.parse(json) as unknown;
      if (what === 'a list') expect(results.joined.error.code).toBe('INVALID');
      else if (/bytes|should be a UUID/.test(what) || typeof plain === 'object')
        expect(results.joined).toMatchObject({ error: { code: 'INVALID' } });
      else
        expect(results.joined.value).toEqual({
          v: `<${json.replace(/^"(.*)"$/s, (inner) => JSON.parse(inner) as string)}>`,
        });
    },
  );
});

it('a DBRef can be followed to what it names', async () => {
  const row = ROWS.findIndex(([what]) => what === 'a DBRef');
  const { results } = await service.kv({
    t: ask('findOne', row, 'plain'),
    customer: { source: 'typed', op: 'findOne', params: { collection: 'c', filter: { _id: { $result: '/t/v/$id' } } } },
  });
  expect(results.customer.status).toBe('ok');
  const command = deserialize(mongo.commands.at(-1) as Buffer) as { filter: unknown };
  expect(command.filter).toEqual({ _id: { $eq: 'u' } });
});
