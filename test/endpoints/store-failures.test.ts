import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Faults } from '../../demo/faults.ts';
import { startMongo } from '../../demo/mongo/server.ts';
import { openAdapter } from '../adapter-suite/open-adapter.ts';
import { failed } from '../adapters/failed.ts';
import { findLeaks, isLeak } from '../leaks.ts';
import { type Answer, type Service, startService } from '../service.ts';

/** What a store says that no answer may repeat. */
const SAID =
  'connect ECONNREFUSED db.internal.example:27017 password=hunter2 at Server.<anonymous> (/srv/store/main.js:1)';
const PASSWORD = 'right-or-wrong-nobody-reads-it';
const UNKNOWN_HOST = 'no-such-store.localhost:1';

/** Where each kind of server listens, as `host:port`. */
const places = {
  unknown: UNKNOWN_HOST,
  // A port that no server is given which takes any.
  refusing: '127.0.0.1:1',
  resetting: '',
  ending: '',
  babbling: '',
  mistrusted: '',
  answering: '',
  locked: '',
  failing: '',
};
const closing: (() => unknown)[] = [];
let service: Service;

const QUERIES = {
  mongo: (collection: string) => ({ op: 'findOne', params: { collection } }),
  s3: () => ({ op: 'getObject', params: { key: 'a.json', format: 'json' } }),
  rest: () => ({ op: 'get', params: { path: '/a' } }),
};
type Kind = keyof typeof QUERIES;

/** A source whose store fails in one way. */
interface Failing {
  readonly name: string;
  readonly kind: Kind;
  /**
   * The collection, bucket or folder that stands for how the store fails, where it takes its cue from there.
   */
  readonly below: string;
  readonly options: () => { adapter: string } & Record<string, unknown>;
}

const source = {
  mongo: (host: string, tls: boolean, collection: string) => ({
    url: `mongodb://${host}/?directConnection=true${tls ? '&tls=true' : ''}`,
    database: 'shop',
    collections: [collection],
  }),
  s3: (host: string, tls: boolean, bucket: string) => ({
    endpoint: `http${tls ? 's' : ''}://${host}`,
    region: 'r',
    bucket,
    accessKeyId: 'AKIAKNOWN',
    secretAccessKey: PASSWORD,
    forcePathStyle: true,
  }),
  rest: (host: string, tls: boolean, folder: string) => ({
    url: `http${tls ? 's' : ''}://${host}/${folder}/`,
    headers: { authorization: `Bearer ${PASSWORD}` },
  }),
};

const failing = (kind: Kind, what: string, host: () => string, tls = false, below = 'users'): Failing => ({
  name: `${kind}-${what}`,
  kind,
  below,
  options: () => ({ adapter: kind, timeoutMs: 600, ...source[kind](host(), tls, below) }),
});

const STATUSES = [301, 302, 307, 400, 401, 403, 404, 409, 410, 418, 429, 500, 501, 502, 503, 504];
const BROKEN = ['as-not-json', 'as-not-gzip', 'as-unknown-coding', 'as-cut'];
/**
 * MongoDB's: an unknown host, a login that failed, an interruption, a memory limit, a doubled key, a bad
 * value, and one that is none.
 */
const MONGO_CODES = [7, 18, 11_600, 292, 11_000, 2, 999_999];

const FAILURES: readonly Failing[] = [
  ...(['mongo', 's3', 'rest'] as const).flatMap((kind) => [
    failing(kind, 'refused', () => places.refusing),
    failing(kind, 'unknown-host', () => places.unknown),
    failing(kind, 'reset', () => places.resetting),
    failing(kind, 'ended', () => places.ending),
    failing(kind, 'garbage', () => places.babbling),
    failing(kind, 'secure-garbage', () => places.babbling, true),
    failing(kind, 'secure-refused', () => places.mistrusted, true),
  ]),
  failing('mongo', 'stranger', () => `codap:${PASSWORD}@${places.locked}`),
  failing('s3', 'stranger', () => new URL(service.stores.s3Endpoint).host),
  ...MONGO_CODES.map((code) => failing('mongo', `code-${code}`, () => places.failing, false, `code-${code}`)),
  ...(['s3', 'rest'] as const).flatMap((kind) =>
    [...STATUSES.map((status) => `as-${status}`), ...BROKEN].map((what) =>
      failing(kind, what, () => places.answering, false, what),
    ),
  ),
];

const queryOf = ({ name, kind, below }: Failing) => ({ source: name, ...QUERIES[kind](below) });

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Speaks no protocol: does this to a connection that has said something. */
const speechless = (then: (socket: Socket) => void) =>
  listen(createServer((socket) => void socket.on('error', () => {}).once('data', () => then(socket))));

/** Answers as the first segment of the path says, and says a good deal in doing so. */
const answering = createHttpServer((request, response) => {
  const [, what = ''] = /^\/(as-[\w-]+)/.exec(request.url ?? '') ?? [];
  const xml = `<Error><Code>Broken</Code><Message>${SAID}</Message><HostId>${SAID}</HostId><Endpoint>db.internal.example</Endpoint></Error>`;
  response
    .setHeader('server', SAID)
    .setHeader('x-amz-request-id', SAID)
    .setHeader('location', `http://${SAID.split(' ')[2]}/`);
  if (what === 'as-not-json') response.setHeader('content-type', 'application/json').end(SAID);
  else if (what === 'as-not-gzip') response.setHeader('content-encoding', 'gzip').end(SAID);
  else if (what === 'as-unknown-coding') response.setHeader('content-encoding', 'hunter2').end(SAID);
  else if (what === 'as-cut') response.setHeader('content-length', 9999).write(SAID, () => response.destroy());
  else response.writeHead(Number(what.slice(3)), { 'content-type': 'application/xml' }).end(xml);
});

beforeAll(async () => {
  places.resetting = await speechless((socket) => socket.resetAndDestroy());
  places.ending = await speechless((socket) => socket.end());
  places.babbling = await speechless((socket) => socket.end(`${SAID}\r\n\r\n`));
  // It has no certificate, so that no handshake comes to its end.
  places.mistrusted = await listen(createTlsServer().on('tlsClientError', () => {}));
  places.answering = await listen(answering);
  const faults = new Faults();
  for (const code of MONGO_CODES)
    faults.add({ store: 'mongo', match: `find:code-${code}`, fault: { kind: 'fail', code } });
  const broken = await startMongo({ faults });
  const locked = await startMongo({ username: 'codap', password: 'another' });
  closing.push(
    () => broken.close(),
    () => locked.close(),
  );
  places.failing = `127.0.0.1:${broken.port}`;
  places.locked = `127.0.0.1:${locked.port}`;
  const own = await startService();
  service = own;
  const sources = Object.fromEntries(FAILURES.map((one) => [one.name, one.options()]));
  service = await startService({ stores: own.stores, sources: { ...sources, photos: { timeoutMs: 10_000 } } });
  closing.push(
    () => service.close(),
    () => own.close(),
  );
});
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

/** What an answer, its headers included, tells of where the stores are and what they said. */
function told({ headers, text }: Pick<Answer, 'headers' | 'text'>): string[] {
  const whole = `${JSON.stringify(headers)}\n${text}`;
  const secrets = [...Object.values(places), 'internal', 'hunter2', PASSWORD, 'AKIA', UNKNOWN_HOST.split(':')[0]!];
  return [...findLeaks(text), ...secrets.filter((secret) => whole.includes(secret))];
}

/** The texts of all that an error came of. */
function* causes(error: unknown): Generator<string> {
  if (!(error instanceof Error)) return;
  const { cause, errors } = error as { cause?: unknown; errors?: unknown[] };
  for (const inner of [cause, ...(errors ?? [])]) {
    if (inner instanceof Error) yield inner.message;
    yield* causes(inner);
  }
}

describe('what is told of a store that fails', () => {
  it.concurrent.each(FAILURES)('$name: an error that repeats nothing of what it came of', async (one) => {
    const { op, params } = queryOf(one);
    await using adapter = await openAdapter(one.options());
    const error = await failed(adapter.ask(op, params));
    expect(error.code).not.toBe('INTERNAL');
    const text = JSON.stringify(error) + error.message;
    expect(isLeak(text), text).toBe(false);
    for (const cause of causes(error)) if (cause !== '') expect(text).not.toContain(cause);
  });

  it.each(['application/json', 'application/x-ndjson', 'text/event-stream', 'application/zip'])(
    'is names and codes under %s',
    async (accept) => {
      // Bytes as they are stored may hold anything.
      const failures = accept.endsWith('zip') ? FAILURES.filter(({ below }) => !BROKEN.includes(below)) : FAILURES;
      const queries = Object.fromEntries(failures.map((one) => [one.name, queryOf(one)]));
      const works = { source: 'photos', op: 'getObject', params: { key: 'welcome.txt' } };
      const answer = await service.post('/kv', { timeoutMs: 10_000, queries: { ...queries, works } }, { accept });
      expect(answer.status).toBe(200);
      expect(answer.text.match(/"code":"[A-Z_]+"/g)).toHaveLength(failures.length);
      expect(answer.text).not.toContain('INTERNAL');
      expect(told(answer)).toEqual([]);
    },
  );

  it('is no more in the problem that a batch ends with', async () => {
    const asking = FAILURES.map(async (one) => {
      const answer = await service.post('/kv', { onError: 'fail', queries: { query: queryOf(one) } });
      expect(answer.status, one.name).toBeGreaterThan(400);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(told(answer), one.name).toEqual([]);
    });
    await Promise.all(asking);
  });

  it('nor by readiness, or by what describes the service', async () => {
    for (const path of ['/health/ready', '/health/ready?strict', '/sources', '/limits', '/openapi.json'])
      expect(told(await service.get(path)), path).toEqual([]);
  });
});
