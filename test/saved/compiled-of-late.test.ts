import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CompiledOfLate } from '../../src/batch/template/compiled-of-late.ts';
import { Reference } from '../../src/batch/template/reference.ts';
import { Spot } from '../../src/batch/template/spot.ts';
import { openSaved } from '../../src/saved/open-saved.ts';
import { buildApp } from '../../src/service/app.ts';
import type { Sources } from '../../src/sources/open.ts';
import { openSources, parseConfig } from '../configured.ts';
import { type ScriptedStore, startScripted } from '../scripted-store.ts';

const valuesOf = (...values: unknown[]) =>
  new Map(values.map((value) => [new Reference('$param', Spot.TOP, []), value] as const));

describe('what a query was compiled to of late', () => {
  const share = new CompiledOfLate().share();
  const key = (...values: unknown[]) => share.keyOf(valuesOf(...values), 1);

  it('is known again by the same values alone', () => {
    const all = [
      [],
      [''],
      ['a'],
      ['a', 'b'],
      ['a,1"b'],
      ['1'],
      [1],
      ['', '1'],
      ['true'],
      [true],
      [null],
      ['null'],
      ['a', null],
      [12, 3],
      [1, 23],
      [0.5],
    ];
    expect(new Set(all.map((values) => key(...values))).size).toBe(all.length);
    for (const values of all) expect(key(...values)).toBe(key(...values));
  });

  it.each([
    ['a list', [['a']]],
    ['an object', [{ a: 1 }]],
    ['a long text', ['x'.repeat(257)]],
    ['a negative zero, which is written as another is', [-0]],
  ])('is not looked for where %s is filled in', (_what, values) => {
    expect(key(...values)).toBeUndefined();
  });

  it('is not looked for where the template itself is large', () => {
    expect(share.keyOf(valuesOf('a'), 65)).toBeUndefined();
  });

  it('is each query’s own, and the oldest of all goes where there are too many', () => {
    const all = new CompiledOfLate();
    const [first, second] = [all.share(), all.share()];
    const [ofFirst, ofSecond] = [first, second].map((one) => one.keyOf(valuesOf('a'), 1)!);
    first.set(ofFirst!, { a: 1 });
    expect(second.get(ofSecond!)).toBeUndefined();
    expect(first.get(ofFirst!)).toEqual({ a: 1 });
    for (let at = 0; at < 4000; at += 1) second.set(second.keyOf(valuesOf(at), 1)!, {});
    expect(first.get(ofFirst!)).toBeUndefined();
  });
});

describe('a saved batch with parameters', () => {
  let store: ScriptedStore;
  let sources: Sources;
  let app: FastifyInstance;
  const seen: string[] = [];
  beforeAll(async () => {
    store = await startScripted((path, response) => {
      seen.push(path);
      response.writeHead(200, { 'content-type': 'application/json' }).end('1');
    });
    const query = { a: { $param: '/a' }, b: { $param: '/b' }, c: { $join: [{ $param: '/a' }, '-', { $param: '/n' }] } };
    const config = parseConfig({
      sources: { store: { adapter: 'rest', url: store.url, coalesce: false } },
      batches: {
        asked: {
          pattern: 'kv',
          params: { a: { type: 'string' }, b: { type: 'string' }, n: { type: 'number' } },
          queries: { q: { source: 'store', op: 'get', params: { path: 'x', query } } },
        },
      },
    });
    sources = await openSources(config);
    app = await buildApp(config, { ...sources, saved: await openSaved(config, sources.sources) });
  });
  afterAll(async () => {
    await app.close();
    await sources[Symbol.asyncDispose]();
    await store.close();
  });

  it('asks for what it is asked with, however often and in whatever order', async () => {
    const text = fc.constantFrom('', 'a', 'b', 'a,1"b', '1', '-1', 'null', 'x'.repeat(300));
    const params = fc.record({ a: text, b: text, n: fc.constantFrom(0, 1, -1, 11, 0.5) });
    await fc.assert(
      fc.asyncProperty(fc.array(params, { minLength: 1, maxLength: 8 }), async (list) => {
        seen.length = 0;
        for (const one of list) {
          const { statusCode } = await app.inject({ method: 'POST', url: '/batches/asked', payload: { params: one } });
          expect(statusCode).toBe(200);
        }
        const asked = seen.map((path) => Object.fromEntries(new URL(path, 'http://a').searchParams));
        expect(asked).toEqual(list.map(({ a, b, n }) => ({ a, b, c: `${a}-${n}` })));
      }),
      { numRuns: 60 },
    );
  });
});
