import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Adapter } from '../../adapters/adapter.ts';
import { fillable } from '../../adapters/fillable.ts';
import { adapters } from '../../adapters/index.ts';
import { secretsOf } from '../../src/config/secrets.ts';
import { CodapError } from '../../src/errors.ts';
import { toText } from '../../src/json/leaf.ts';
import { buildApp } from '../../src/service/app.ts';
import { Placeholder, unwrapped } from '../../src/store/placeholder.ts';
import { TypedValue } from '../../src/store/typed-value.ts';
import { openSources, parseConfig } from '../configured.ts';

const options = z.strictObject({ token: z.string(), stock: z.record(z.string(), z.int()) });

/** A store of its own kind: so many things by name. All that codap knows of it stands here. */
const shelf: Adapter<z.output<typeof options>> = {
  options,
  ops: { count: { params: z.strictObject({ name: fillable(z.string()) }), single: true } },
  defaults: { concurrency: 3 },
  secrets: ({ token }) => [token],
  example: ({ stock }) => ({ op: 'count', params: { name: Object.keys(stock)[0] } }),
  forwards: () => ['accept-language'],
  compile(_op, { name }, _options, fault) {
    if (name instanceof Placeholder) return { name };
    const text = toText(unwrapped(name));
    if (text === undefined) fault(['name'], 'a name is allowed here');
    return { name: text };
  },
  describe: ({ params }) => ({ request: params as object, bound: {} }),
  open: ({ stock }) =>
    Promise.resolve({
      async fetch({ params }, { caller }) {
        const { name } = params as { name: string };
        if (!Object.hasOwn(stock, name)) throw new CodapError('NOT_FOUND', 'there is no such thing');
        return new TypedValue({
          count: stock[name],
          next: 'nuts',
          language: caller.headers['accept-language'] ?? null,
        });
      },
      ping: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};

const kinds = { ...adapters, shelf };
const raw = { sources: { cellar: { adapter: 'shelf', token: 'open-sesame', stock: { bolts: 7, nuts: 9 } } } };
const config = parseConfig(raw, {}, kinds);
let app: FastifyInstance;

beforeAll(async () => {
  const { sources } = await openSources(config, kinds);
  app = await buildApp(config, { sources });
});
afterAll(() => app.close());

const kv = async (queries: object) => {
  const headers = { 'accept-language': 'fr', cookie: 'c' };
  return (await app.inject({ method: 'POST', url: '/kv', payload: { queries }, headers })).json<object>();
};

it('is configured by its own options, checked, with its own defaults', () => {
  expect(config.sources['cellar']).toMatchObject({ adapter: 'shelf', concurrency: 3, timeoutMs: 2000 });
  expect(() => parseConfig({ sources: { cellar: { adapter: 'shelf', stock: {} } } }, {}, kinds)).toThrow(
    'sources.cellar.token',
  );
  expect(() => parseConfig(raw)).toThrow('sources.cellar.adapter: allowed here: mongo, s3, rest');
});

it('is queried like any other, its values referred to, its failures told', async () => {
  const count = (name: unknown) => ({ source: 'cellar', op: 'count', params: { name } });
  expect(await kv({ a: count('bolts'), b: count({ $result: '/a/next' }), c: count('screws') })).toMatchObject({
    complete: false,
    results: {
      a: { status: 'ok', value: { count: 7, language: 'fr' } },
      b: { status: 'ok', value: { count: 9 } },
      c: { status: 'error', error: { code: 'NOT_FOUND', source: 'cellar' } },
    },
  });
  expect(await kv({ a: count(7n.toString()), b: { source: 'cellar', op: 'sum', params: {} } })).toMatchObject({
    status: 400,
    errors: [{ pointer: '#/queries/b/op', detail: 'allowed here: count' }],
  });
});

it('is described in /openapi.json, with an example that it answers', async () => {
  const { paths, components } = (await app.inject('/openapi.json')).json<{
    paths: Record<
      string,
      { post: { requestBody: { content: Record<string, { examples: { simple: { value: object } } }> } } }
    >;
    components: { schemas: Record<string, object> };
  }>();
  expect(components.schemas['shelf.count.params']).toMatchObject({ required: ['name'], additionalProperties: false });
  const { value } = paths['/kv']!.post.requestBody.content['application/json']!.examples.simple;
  expect(value).toEqual({ queries: { cellar: { source: 'cellar', op: 'count', params: { name: 'bolts' } } } });
  const answer = await app.inject({ method: 'POST', url: '/kv', payload: value });
  expect(answer.json()).toMatchObject({ complete: true, results: { cellar: { value: { count: 7 } } } });
});

it('says what of its options the log has to mask', () => {
  expect(secretsOf(config, kinds)).toEqual(['open-sesame']);
});

it('is listed and asked whether it is there', async () => {
  expect((await app.inject('/sources')).json()).toEqual({
    sources: [
      {
        name: 'cellar',
        adapter: 'shelf',
        ops: ['count'],
        layers: expect.objectContaining({ limit: { running: 0, queued: 0, limit: 3 } }) as object,
      },
    ],
  });
  expect((await app.inject('/health/ready?strict')).json()).toMatchObject({
    status: 'ready',
    sources: [{ name: 'cellar', status: 'up' }],
  });
});
