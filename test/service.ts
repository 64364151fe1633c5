import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { demoConfig } from '../demo/config.ts';
import { startStores, type Stores } from '../demo/stores.ts';
import type { Spans } from '../src/observe/spans.ts';
import { openSaved } from '../src/saved/open-saved.ts';
import { buildApp } from '../src/service/app.ts';
import { Front } from '../src/service/front.ts';
import { createLogger, Secrets } from '../src/service/log.ts';
import { findLeaks } from './leaks.ts';
import { checkConfig, openSources } from './configured.ts';

/** How to start the service: over these stores, with this beside the demo's configuration. */
export interface ServiceOptions {
  stores?: Stores;
  server?: object;
  limits?: object;
  /** Fields to change in a source of the demo, or whole sources beside them. */
  sources?: Record<string, object>;
  /** The saved batches, by name. */
  batches?: Record<string, object>;
  /** Who may ask; by default everyone. */
  callers?: Record<string, object>;
  /** Exports the traces; who made them closes them. */
  spans?: Spans;
  /** Where the lines of its log go. */
  lines?: object[];
}

/** An answer that has arrived whole. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  text: string;
  /** Milliseconds from the request's start to the answer's last byte. */
  ms: number;
  /** The body as JSON. */
  json(): Body;
}

/** What a test looks at in the JSON of an answer. */
// oxlint-disable-next-line typescript/no-explicit-any -- a test says what it expects by expecting it
export type Body = any;

/** The whole service listening on a free port, with the demo's stores behind it. */
export interface Service {
  readonly stores: Stores;
  readonly port: number;
  readonly url: string;
  /** Posts a body, as JSON unless it is text, with these headers beside its content type. */
  post(path: string, body: unknown, headers?: Record<string, string>, signal?: AbortSignal): Promise<Answer>;
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Answer>;
  /** Posts queries to /kv and gives the answer's JSON. */
  kv(queries: object, more?: object): Promise<Body>;
  /** How many connections to the service are open. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

/** Starts it. Stores that were handed in outlive it; each answer is searched for what none may tell. */
export async function startService({
  stores,
  server,
  limits,
  sources = {},
  batches = {},
  callers,
  spans,
  lines,
}: ServiceOptions = {}): Promise<Service> {
  const used = stores ?? (await startStores());
  const demo: Record<string, object> = demoConfig(used).sources;
  const merged = { ...demo, ...sources };
  for (const name of Object.keys(merged)) merged[name] = { ...demo[name], ...sources[name] };
  const config = await checkConfig({
    ...(server && { server }),
    ...(limits && { limits }),
    sources: merged,
    batches,
    ...(callers && { callers }),
  });
  const opened = await openSources(config);
  const saved = await openSaved(config, opened.sources);
  const app = await buildApp(config, {
    ...opened,
    saved,
    spans,
    ...(lines && {
      logger: createLogger('info', new Secrets([]), { write: (line) => void lines.push(JSON.parse(line)) }),
    }),
  });
  await app.ready();
  const front = new Front({ config, app, refused: () => app.metrics.refused.add('connections') });
  const url = await front.app.listen({ host: '127.0.0.1', port: 0 });
  const agent = new Agent({ keepAliveTimeout: 60_000, headersTimeout: 20_000 });
  const leaks: string[] = [];

  async function send(
    path: string,
    method: string,
    headers: Record<string, string>,
    body?: string,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const began = performance.now();
    const response = await request(url + path, {
      method,
      headers,
      dispatcher: agent,
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    });
    const text = await response.body.text();
    leaks.push(...findLeaks(text));
    if (isBusy(response.statusCode, text)) {
      await setTimeout(100);
      return send(path, method, headers, body, signal);
    }
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      text,
      ms: performance.now() - began,
      json: () => JSON.parse(text),
    };
  }
  const post: Service['post'] = (path, body, headers, signal) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return send(path, 'POST', { 'content-type': 'application/json', ...headers }, text, signal);
  };
  return {
    stores: used,
    port: (front.server.address() as AddressInfo).port,
    url,
    post,
    get: (path, headers = {}, method = 'GET') => send(path, method, headers),
    kv: async (queries, more) => (await post('/kv', { ...more, queries })).json(),
    connections: promisify(front.server.getConnections.bind(front.server)),
    async close() {
      await agent.destroy();
      front.server.closeAllConnections();
      await front.close();
      await opened[Symbol.asyncDispose]();
      if (!stores) await used.close();
      if (leaks.length > 0) throw new Error(`answers told what none may tell: ${leaks.join(' | ')}`);
    },
  };
}

/**
 * Whether the service let no batch in because the machine is busy with other things: a good client asks
 * again.
 */
export function isBusy(status: number, body: string): boolean {
  return status === 503 && body.includes('the service is overloaded');
}

/**
 * How many questions have reached the stores so far; what a driver says to keep a connection does not count.
 */
export async function asked(stores: Stores): Promise<number> {
  const { mongo, s3, rest } = await stores.stats();
  const idle = new Set(['hello', 'ismaster', 'isMaster', 'ping', 'endSessions', 'buildInfo', 'killCursors']);
  const questions = Object.entries(mongo.commands).filter(([name]) => !idle.has(name));
  const counts = [
    ...questions.map(([, count]) => count),
    ...Object.values(s3.requests),
    ...Object.values(rest.requests),
  ];
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * Waits until something is so, looking again and again. Resolves to how long that took, in milliseconds.
 * Rejects if it takes longer than ten seconds, or `patience` milliseconds.
 */
export async function until(holds: () => Promise<boolean> | boolean, what = 'it', patience = 10_000): Promise<number> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > patience) throw new Error(`waited in vain until ${what}`);
    await setTimeout(2);
  }
  return performance.now() - began;
}

/** A REST API that answers each path with exactly this JSON text. */
export async function startTexts(texts: ReadonlyMap<string, string>): Promise<{ url: string; close(): Promise<void> }> {
  const server: Server = createServer((message, response) => {
    const text = texts.get(message.url ?? '');
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
