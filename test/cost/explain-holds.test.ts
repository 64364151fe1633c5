import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { serialize } from 'bson';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { layerOptions } from '../../src/config/layer-options.ts';
import { startScriptedMongo, type ScriptedMongo } from '../scripted-mongo.ts';
import { startStores, type Stores } from '../../demo/stores.ts';
import { buildApp } from '../../src/service/app.ts';
import type { Sources } from '../../src/sources/open.ts';
import { openSources, parseConfig } from '../configured.ts';
import { type Body, isBusy, type Service, startService } from '../service.ts';
import * as arrivals from '../explain/arrivals.ts';
import type { Arrival, Asked } from '../explain/arrivals.ts';
import { expected } from '../explain/expected.ts';
import { RandomPlan, VALUE } from '../explain/random-plan.ts';

const PLANS = 500;
/** Each call of a query arrives: none is shared, repeated or answered by codap itself. */
const NO_LAYERS = Object.fromEntries(Object.keys(layerOptions).map((name) => [name, false]));
const CONFIGURED = { authorization: 'Bearer seeded', 'x-tenant': 'acme' };
const HIDDEN = { '[configured]': CONFIGURED, '[forwarded]': { cookie: 'own=1' } };

/** What a batch is explained as, and what it then answers. */
async function explainAndRun(post: (path: string, body: Body) => Promise<Body>, pattern: string, body: Body) {
  return { explained: await post(`/${pattern}?explain`, body), answer: await post(`/${pattern}`, told(body)) };
}

/** The same batch, the values of all its queries told. */
function told(body: Body): Body {
  const { shape: _shape, ...others } = body;
  const isGroup = (one: Body): boolean => one.queries !== undefined;
  const open = ({ hidden: _hidden, select, ...one }: Body): Body => ({
    ...one,
    ...(select !== undefined && !isGroup(one) && { select }),
    ...(isGroup(one) && { queries: all(one.queries) }),
  });
  const all = (queries: Body): Body =>
    Array.isArray(queries)
      ? queries.map(open)
      : Object.fromEntries(Object.entries(queries).map(([key, one]) => [key, open(one)]));
  return { ...others, queries: all(body.queries) };
}

const texts = (found: readonly Arrival[]): string[] => found.map((one) => JSON.stringify(sorted(one))).toSorted();

/** With the keys of objects in one order. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}

/** What has arrived is what was told: all that is certain, and else only what is possible. */
function expectArrived(
  arrived: readonly Arrival[],
  { certain, possible }: ReturnType<typeof expected>,
  context?: string,
): void {
  const left = texts(arrived);
  const missing = texts(certain).filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  const allowed = texts(possible);
  const unforeseen = left.filter((one) => !allowed.includes(one));
  expect({ missing, unforeseen }, context).toEqual({ missing: [], unforeseen: [] });
}

describe('what it says a batch will do is what then happens', () => {
  describe('of the examples', () => {
    const folder = new URL('../../examples/', import.meta.url);
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
    const saved = readdirSync(new URL('shop/', folder)).filter((name) => name.endsWith('.yaml'));
    let stores: Stores;
    let service: Service;
    const open: Asked[] = [];
    const arrived: Arrival[] = [];
    /** Those that are saved, and each with the values of all its queries told. */
    const batches: Record<string, Body> = {};

    beforeAll(async () => {
      stores = await startStores();
      const before = async (port: number, arrival: (request: IncomingMessage, body: Buffer) => Arrival) => {
        const handOn = arrivals.handOn(port);
        const asked = await arrivals.http((request, body, response) => {
          arrived.push(arrival(request, body));
          handOn(request, body, response);
        });
        open.push(asked);
        return `http://127.0.0.1:${asked.port}`;
      };
      const mongo = await arrivals.mongoBefore(stores.ports.mongo, (bytes) => {
        arrived.push(arrivals.mongoArrival(bytes));
      });
      open.push(mongo);
      const recorded: Stores = {
        ...stores,
        mongoUrl: `mongodb://127.0.0.1:${mongo.port}`,
        s3Endpoint: await before(stores.ports.s3, arrivals.s3Arrival),
        restUrl: await before(stores.ports.rest, arrivals.restArrival),
      };
      const names = ['shop', 'photos', 'files', 'catalog', 'pricing-eu', 'pricing-us', 'pricing-asia'];
      const sources = Object.fromEntries(
        names.map((name) => [name, name === 'shop' ? { ...NO_LAYERS, merge: false } : NO_LAYERS]),
      );
      for (const name of saved) {
        const { template: _template, ...batch }: Body = parse(readFileSync(new URL(`shop/${name}`, folder), 'utf8'));
        batches[name.split('.')[0]!] = batch;
        batches[`${name.split('.')[0]}-told`] = told(batch);
      }
      service = await startService({ stores: recorded, sources, batches });
    });
    beforeEach(() => void arrived.splice(0));
    afterAll(async () => {
      await service.close();
      await Promise.all(open.map((one) => one.close()));
      await stores.close();
    });

    it.each(files)('%s', async (name) => {
      const body: Body = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
      const post = async (path: string, body: Body): Promise<Body> => (await service.post(path, body)).json();
      expectCalled(await explainAndRun(post, name.split('.')[1]!, body));
    });

    it.each(saved)('%s', async (name) => {
      const get = async (path: string): Promise<Body> => (await service.get(`/batches/${path}`)).json();
      const [batch = ''] = name.split('.');
      const params = Object.entries(batches[batch].params ?? {}).map(([key, param]) => [key, (param as Body).default]);
      const explained = await get(`${batch}?explain`);
      expectCalled({ explained, answer: await get(`${batch}-told.json`) }, Object.fromEntries(params));
    });

    function expectCalled({ explained, answer }: { explained: Body; answer: Body }, params?: Body): void {
      expectArrived(arrived, expected(explained, answer, params));
      expect(arrived.length).toBeLessThanOrEqual(explained.calls.most);
      if (answer.complete) expect(arrived.length).toBeGreaterThanOrEqual(explained.calls.least);
    }
  });

  describe('of random plans', () => {
    let mongo: ScriptedMongo;
    let heard = 0;
    let app: FastifyInstance;
    let opened: Sources;
    const open: Asked[] = [];
    /** By the number of the query. */
    const arrived = new Map<number, Arrival[]>();
    const idOf = (text: string): number => Number(/\bq(\d+)\b/.exec(text)?.[1] ?? 0);
    const note = (arrival: Arrival): void => {
      const id = idOf(JSON.stringify(arrival));
      arrived.set(id, [...(arrived.get(id) ?? []), arrival]);
    };
    const json = { 'content-type': 'application/json', etag: '"e"' };

    beforeAll(async () => {
      mongo = await startScriptedMongo((name) => {
        for (; heard < mongo.commands.length; heard += 1) note(arrivals.mongoArrival(mongo.commands[heard]!));
        return name === 'distinct' ? { distinct: [] } : [serialize({ ...VALUE, n: 3 })];
      });
      const api = await arrivals.http((request, body, response) => {
        note(arrivals.restArrival(request, body, HIDDEN));
        const isMissing = request.url?.includes('/missing/');
        response.writeHead(isMissing ? 404 : 200, json).end(request.method === 'HEAD' ? '' : JSON.stringify(VALUE));
      });
      const files = await arrivals.http((request, _body, response) => {
        note(arrivals.s3Arrival(request));
        if (request.url?.includes('list-type'))
          return response.end('<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>');
        const text = JSON.stringify(VALUE);
        const part = request.headers.range ? { 'content-range': `bytes 0-9/${text.length}`, 'content-length': 10 } : {};
        response.writeHead(request.headers.range ? 206 : 200, { ...json, ...part });
        return response.end(request.method === 'HEAD' ? '' : text.slice(0, request.headers.range ? 10 : undefined));
      });
      open.push(api, files);
      const url = `http://127.0.0.1:${api.port}/base path/`.replace(' ', '%20');
      const secret = { accessKeyId: 'SEEDEDKEY', secretAccessKey: 'seeded-secret' };
      const s3 = {
        bucket: 'bucket',
        prefix: 'pre/fix/',
        endpoint: `http://127.0.0.1:${files.port}`,
        forcePathStyle: true,
      };
      const rest = { methods: ['get', 'head', 'post'], headers: CONFIGURED, forwardHeaders: ['cookie'] };
      const config = parseConfig({
        limits: { calls: 200 },
        sources: {
          api: { adapter: 'rest', url, ...rest, ...NO_LAYERS },
          files: { adapter: 's3', ...s3, ...secret, ...NO_LAYERS },
          db: { adapter: 'mongo', url: mongo.url, database: 'd', collections: ['things'], merge: false, ...NO_LAYERS },
        },
      });
      opened = await openSources(config);
      app = await buildApp(config, opened);
    });
    afterAll(async () => {
      await app.close();
      await opened[Symbol.asyncDispose]();
      await Promise.all([...open, mongo].map((one) => one.close()));
    });

    const post = async (url: string, payload: Body): Promise<Body> => {
      const { statusCode, body } = await app.inject({ method: 'POST', url, payload, headers: { cookie: 'own=1' } });
      if (!isBusy(statusCode, body)) return JSON.parse(body);
      await pause(50);
      return post(url, payload);
    };

    it(`${PLANS} of them`, { timeout: 60_000 }, async () => {
      const seed = Date.now() % 2 ** 31;
      console.info(`seed ${seed}`);
      let queries = 0;
      let compared = 0;
      const property = fc.asyncProperty(
        fc.constantFrom('kv', 'ordered', 'first-reply'),
        fc.gen(),
        async (pattern, g) => {
          const first = queries;
          const plan = new RandomPlan(g, first);
          const body = plan.body(pattern);
          ({ queries } = plan);
          const { explained, answer } = await explainAndRun(post, pattern, body);
          fc.pre(explained.calls !== undefined);
          const own = [...arrived].flatMap(([id, ones]) => (id > first ? ones : []));
          const context = `${JSON.stringify(body)} ${JSON.stringify(answer)}`;
          expect(answer.status === undefined || answer.code !== undefined, context).toBe(true);
          expect(own.length, context).toBeLessThanOrEqual(explained.calls.most);
          if (answer.complete) expect(own.length, context).toBeGreaterThanOrEqual(explained.calls.least);
          if (answer.results) expectArrived(own, expected(explained, answer), context);
          compared += 1;
        },
      );
      await fc.assert(property, { numRuns: PLANS, seed, maxSkipsPerRun: 5, endOnFailure: true });
      expect(compared).toBeGreaterThanOrEqual(PLANS);
    });
  });
});
