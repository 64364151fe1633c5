import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Adapter, Connection } from '../../adapters/adapter.ts';
import { rest } from '../../adapters/rest.ts';
import { s3 } from '../../adapters/s3.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { demoConfig } from '../../demo/config.ts';
import { processMemory } from '../../src/budget/memory.ts';
import type { Query } from '../../src/store/fetch.ts';
import type { Value } from '../../src/store/payload.ts';
import { checkConfig } from '../configured.ts';
import { compile, context } from './source.ts';

let stores: Stores;
beforeAll(async () => void (stores = await startStores()));
afterAll(() => stores.close());

const CASES: Readonly<Record<string, [adapter: Adapter, source: string, op: string, params: Record<string, unknown>]>> =
  {
    'a GET': [rest, 'catalog', 'get', { path: '/products' }],
    'an S3 object': [s3, 'photos', 'getObject', { key: 'welcome.txt' }],
    'a part of an S3 object': [s3, 'photos', 'getObject', { key: 'welcome.txt', range: 'bytes=0-6' }],
  };

describe.each(Object.entries(CASES))('%s asked for by an entity tag', (_name, [adapter, source, op, params]) => {
  const opened = async (): Promise<{ connection: Connection; query: Query }> => {
    const options: unknown = (await checkConfig(demoConfig(stores))).sources[source];
    const { query, faults } = compile(adapter, options, op, params);
    expect(faults).toEqual([]);
    return { connection: await adapter.open(options), query: { op, params: query, want: 'value' } };
  };

  it('is answered that it is still the same, and costs no body', async () => {
    const { connection, query } = await opened();
    await using _closing = connection;
    const first = (await connection.fetch(query, context())) as Value;
    const memory = processMemory(Infinity);
    const again = (await connection.fetch(
      connection.revalidate!(query, first.meta!.etag!)!,
      context({ memory }),
    )) as Value;
    expect(again).toMatchObject({ isUnchanged: true, meta: { status: 304 } });
    expect(memory.held).toBe(0);
  });

  it('is answered whole where it is another', async () => {
    const { connection, query } = await opened();
    await using _closing = connection;
    const first = (await connection.fetch(query, context())) as Value;
    const again = (await connection.fetch(connection.revalidate!(query, '"other"')!, context())) as Value;
    expect(again.isUnchanged).toBeFalsy();
    expect(again.json).toBe(first.json);
    expect(again.freshness?.mayBeKept).not.toBe(false);
  });
});

describe('no entity tag goes with', () => {
  it.each([
    [rest as Adapter, 'catalog', 'head', { path: '/products' }],
    [rest as Adapter, 'catalog', 'post', { path: '/search', body: {} }],
    [s3 as Adapter, 'photos', 'headObject', { key: 'welcome.txt' }],
    [s3 as Adapter, 'photos', 'listObjects', {}],
    [s3 as Adapter, 'photos', 'presignGetObject', { key: 'welcome.txt' }],
  ])('%#: %s of %s', async (adapter, source, op, params) => {
    const options: unknown = (await checkConfig(demoConfig(stores))).sources[source];
    await using connection = await adapter.open(options);
    const query = { op, params: compile(adapter, options, op, params).query, want: 'value' } as const;
    expect(connection.revalidate!(query, '"1"')).toBeUndefined();
  });
});
