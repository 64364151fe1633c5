import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Adapter } from '../../adapters/adapter.ts';
import { adapters } from '../../adapters/index.ts';
import { demoConfig } from '../../demo/config.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { buildApp } from '../../src/service/app.ts';
import { checkConfig, openSources } from '../configured.ts';

/** The files of the sources in a text, in its order. */
function filesIn(text: string): string[] {
  return Array.from(text.matchAll(/(?:src|routes|adapters)\/[\w/-]+\.ts/g), ([file]) => file);
}

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores.close());

it('a literal findOne goes from the route to the adapter on one stack, on the way that the documents tell', async () => {
  const doc = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');
  const told = filesIn(/## The way of a literal `findOne`\n[\s\S]+?\n## /.exec(doc)?.[0] ?? '');
  let stack = '';
  const mongo = adapters['mongo'] as Adapter;
  const looking: Adapter = {
    ...mongo,
    async open(options) {
      const connection = await mongo.open(options);
      return {
        fetch(query, context) {
          const { stackTraceLimit } = Error;
          Error.stackTraceLimit = 100;
          stack = new Error('here').stack ?? '';
          Error.stackTraceLimit = stackTraceLimit;
          return connection.fetch(query, context);
        },
        merger: connection.merger,
        ping: (signal) => connection.ping(signal),
        [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
      };
    },
  };
  const kinds = { ...adapters, mongo: looking };
  const config = await checkConfig({ sources: demoConfig(stores).sources }, kinds);
  await using opened = await openSources(config, kinds);
  const app = await buildApp(config, opened);
  const params = { collection: 'users', filter: { name: 'Ada' } };
  const payload = { queries: { user: { source: 'shop', op: 'findOne', params } } };
  const { statusCode } = await app.inject({ method: 'POST', url: '/kv', payload });
  await app.close();
  expect(statusCode).toBe(200);
  // The innermost comes first in a stack.
  const passed = [...new Set(filesIn(stack).toReversed())];
  expect(passed).toContain('src/service/batches/answer-batch.ts');
  expect(told.filter((file, at) => passed.includes(file) && told.indexOf(file) === at)).toEqual(passed);
});
