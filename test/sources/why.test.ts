import dns from 'node:dns';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CodapError, toCodapError } from '../../src/errors.ts';
import { Who } from '../../src/sources/call.ts';
import { ToldFailures } from '../../src/sources/told-failures.ts';
import { why } from '../../src/sources/why.ts';
import { DEMO_CREDENTIALS } from '../../demo/credentials.ts';
import { bounds } from '../adapters/source.ts';
import { makeCertificate } from '../certificate.ts';
import { openSources, parseConfig } from '../configured.ts';

const closing: Server[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  for (const server of closing.splice(0)) server.close();
});

const coded = (code: unknown, cause?: unknown) => Object.assign(new Error('10.0.0.1: no', { cause }), { code });
const said = (words: object) => Object.assign(new Error('no'), words);
const circle = coded('EFIRST');
circle.cause = circle;

describe('why', () => {
  it.each<[string, unknown, string]>([
    ['a code', coded('ENOTFOUND'), ' (ENOTFOUND)'],
    [
      'the innermost code',
      coded('UND_ERR_SOCKET', coded('CERT_HAS_EXPIRED', new Error('it has'))),
      ' (CERT_HAS_EXPIRED)',
    ],
    ['that of the first of several', new AggregateError([coded('ECONNREFUSED'), coded('EACCES')]), ' (ECONNREFUSED)'],
    ['no number', coded(11), ''],
    ['no other word', coded('host.example'), ''],
    ['no word with an address', coded('EHOST 10.0.0.1'), ''],
    ['no long word', coded('E'.repeat(65)), ''],
    ['none of our own', new CodapError('TIMEOUT', 'late'), ''],
    ['no text', 'ECONNREFUSED', ''],
    [
      'MongoDB’s word',
      new Error('x', { cause: said({ codeName: 'AuthenticationFailed' }) }),
      ' (AuthenticationFailed)',
    ],
    [
      'S3’s word, not a code beside it',
      said({ Code: 'KMS.DisabledException', code: 'EHERE' }),
      ' (KMS.DisabledException)',
    ],
    ['no name of a host in place of a word', said({ Code: 'store.internal' }), ''],
    ['no sentence of a store', said({ Code: 'not you', codeName: 'x'.repeat(65) }), ''],
    ['what goes in a circle', circle, ' (EFIRST)'],
  ])('tells of causes %s', (_what, cause, told) => {
    expect(why(new CodapError('UNAVAILABLE', 'the store cannot be reached', { cause }))).toBe(
      `the store cannot be reached${told}`,
    );
  });

  it('tells no code of what the store has answered', () => {
    expect(why(new CodapError('UNAVAILABLE', 'the store answered 503', { status: 503, cause: coded('ESAID') }))).toBe(
      'the store answered 503',
    );
  });
});

const rest = (url: string) => ({ adapter: 'rest', url: `http${url}/` });
const s3 = (url: string) => ({
  adapter: 's3',
  endpoint: `http${url}`,
  bucket: 'bucket',
  forcePathStyle: true,
  ...DEMO_CREDENTIALS,
});
const mongo = (url: string) => ({
  adapter: 'mongo',
  url: `mongodb${url.replace(/^s(.*)/, '$1/?tls=true')}`,
  database: 'shop',
  collections: ['users'],
});
const ASKED = {
  rest: [rest, 'get', { path: 'x' }, 'value'],
  'rest, flowing': [rest, 'get', { path: 'x' }, 'body'],
  s3: [s3, 'getObject', { key: 'x' }, 'value'],
  mongo: [mongo, 'findOne', { collection: 'users' }, 'value'],
} as const;

async function listening(server: Server): Promise<string> {
  closing.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return String((server.address() as AddressInfo).port);
}

let certificate: ReturnType<typeof makeCertificate> | undefined;
const tls = async (own: (made: { cert: string; key: string }) => TlsOptions = (it) => it): Promise<string> => {
  certificate ??= makeCertificate('store');
  const server = createTlsServer(own(await certificate), (socket) => socket.on('error', () => {}).end());
  return `s://127.0.0.1:${await listening(server.on('tlsClientError', () => {}))}`;
};

describe.each(Object.entries(ASKED))('of %s, ping, call and the log tell why', (_name, [source, op, params, want]) => {
  it.each<[string, () => Promise<string>, RegExp]>([
    ['it refuses connections', () => Promise.resolve('://127.0.0.1:1'), /\(ECONNREFUSED\)$/],
    [
      'it has no address',
      () => {
        const look = (_name: string, _options: object, done: (error: Error) => void) => done(coded('ENOTFOUND'));
        vi.spyOn(dns, 'lookup').mockImplementation(look as never);
        return Promise.resolve('://store.invalid');
      },
      /\(ENOTFOUND\)$/,
    ],
    ['nobody has signed its certificate', () => tls(), /\(DEPTH_ZERO_SELF_SIGNED_CERT\)$/],
    [
      'it speaks another protocol',
      () => tls((it) => ({ ...it, ALPNProtocols: ['h2'] })),
      /\((?:DEPTH_ZERO_SELF_SIGNED_CERT|ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL)\)$/,
    ],
    [
      'it speaks no TLS',
      async () =>
        `s://127.0.0.1:${await listening(createServer((it) => it.on('error', () => {}).end('HTTP/1.1 400 No\r\n\r\n')))}`,
      /\(ERR_SSL_[A-Z_]+\)$/,
    ],
    [
      'it resets connections',
      async () =>
        `://127.0.0.1:${await listening(createServer((it) => it.on('error', () => {}).once('data', () => it.resetAndDestroy())))}`,
      /\(ECONNRESET\)$/,
    ],
    [
      'it closes connections',
      async () => `://127.0.0.1:${await listening(createServer((it) => it.on('error', () => {}).end()))}`,
      /\((?:ECONNRESET|UND_ERR_SOCKET)\)$/,
    ],
    ['it speaks TLS, and is asked without', async () => (await tls()).slice(1), /\((?:ECONNRESET|UND_ERR_SOCKET)\)$/],
    [
      'it speaks HTTP',
      async () => `://127.0.0.1:${await listening(createHttpServer((_request, it) => void it.destroy()))}`,
      /\((?:ECONNRESET|UND_ERR_SOCKET)\)$/,
    ],
  ])('%s', async (_how, address, told) => {
    const lines: object[] = [];
    const log = { warn: (fields: object, text: string) => void lines.push({ ...fields, text }), info: () => {} };
    await using opened = await openSources(
      parseConfig({ sources: { it: { ...source(await address()), retry: false, breaker: false } } }),
      undefined,
      log,
    );
    const it = opened.sources.get('it')!;
    const pinged = await it.ping(AbortSignal.timeout(2000)).catch((error: unknown) => why(toCodapError(error)));
    expect(pinged).toMatch(told);
    const compiled = it.prepare(op, params, (path, detail) => expect.fail(`${path.join('/')}: ${detail}`));
    const ask = () => it.call({ op, params: compiled, want }, new Who({ headers: {} }), bounds());
    for (let count = 0; count < 2; count++) {
      const error = toCodapError(await Promise.resolve(ask()).catch((failure: unknown) => failure));
      expect(error.code).toBe('UNAVAILABLE');
      expect(error.message).not.toMatch(/[A-Z]{3}/);
      expect(why(error)).toMatch(told);
    }
    expect(lines).toEqual([
      { source: 'it', code: 'UNAVAILABLE', why: expect.stringMatching(told), text: 'the store fails' },
    ]);
  });
});

const S3_ERROR = (word: string) => `<?xml version="1.0"?><Error><Code>${word}</Code><Message>secret</Message></Error>`;
describe('what a store answers that the operator has to mend is in the log, with the store’s own word', () => {
  const answering = async (status: number, body: string) => {
    const server = createHttpServer((_request, response) => void response.writeHead(status).end(body));
    return `://127.0.0.1:${await listening(server)}`;
  };
  const FORWARDING = { forwardHeaders: ['authorization'] };
  it.each<[keyof typeof ASKED, number, string, object, string, string?]>([
    ['s3', 403, S3_ERROR('XMinioUserDisabled'), {}, 'FORBIDDEN', 'the store refused codap (XMinioUserDisabled)'],
    ['s3', 403, S3_ERROR('see 10.0.0.1'), {}, 'FORBIDDEN', 'the store refused codap'],
    ['s3', 500, S3_ERROR('InternalError'), {}, 'UNAVAILABLE', 'the store answered 500 (InternalError)'],
    ['s3', 400, S3_ERROR('MalformedXML'), {}, 'INVALID'],
    ['s3', 404, S3_ERROR('NoSuchKey'), {}, 'NOT_FOUND'],
    ['rest', 401, '', {}, 'FORBIDDEN', 'the store refused codap (401)'],
    ['rest', 401, '', FORWARDING, 'FORBIDDEN'],
    ['rest', 302, '', {}, 'BAD_RESPONSE', 'the store answered a redirect (302), which is not followed'],
    ['rest', 429, '', {}, 'OVERLOADED'],
  ])('%s, %d %s %o: %s', async (kind, status, body, own, code, told) => {
    const lines: object[] = [];
    const log = { warn: (fields: object) => void lines.push(fields), info: () => {} };
    const [source, op, params, want] = ASKED[kind];
    const config = { ...source(await answering(status, body)), ...own, retry: false };
    await using opened = await openSources(parseConfig({ sources: { it: config } }), undefined, log);
    const it = opened.sources.get('it')!;
    const compiled = it.prepare(op, params, (path, detail) => expect.fail(`${path.join('/')}: ${detail}`));
    const who = new Who({ headers: { authorization: 'Bearer of-the-caller' } });
    for (let count = 0; count < 2; count++)
      await expect(it.call({ op, params: compiled, want }, who, bounds())).rejects.toMatchObject({ code });
    expect(lines).toEqual(told === undefined ? [] : [{ source: 'it', code, why: told }]);
  });
});

describe.each<[string, (count: number) => CodapError, readonly string[]]>([
  [
    'words',
    (count) => new CodapError('FORBIDDEN', 'no', { cause: said({ Code: `Word${count}` }) }),
    [...Array.from({ length: 10 }, (_, count) => `no (Word${count})`), 'no'],
  ],
  [
    'messages',
    (count) => new CodapError('UNAVAILABLE', `no ${count}`),
    Array.from({ length: 100 }, (_, count) => `no ${count}`),
  ],
])('where a store has new %s each time', (_what, failure, expected) => {
  it('so many reasons are told, and later other ones', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const told: string[] = [];
    const failures = new ToldFailures(({ why: text }) => told.push(text));
    for (let count = 0; count < 1000; count++) {
      failures.failed(failure(count));
      failures.answered();
    }
    expect(told).toEqual(expected);
    vi.advanceTimersByTime(60_000);
    const refused = new CodapError('UNAVAILABLE', 'not reached', { cause: coded('ECONNREFUSED') });
    for (let count = 0; count < 10; count++) failures.failed(refused);
    expect(told).toEqual([...expected, 'not reached (ECONNREFUSED)']);
  });
});

it('is told once as a source begins to fail, and once for each other reason, not for each query', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const told: string[] = [];
  const failures = new ToldFailures(({ why: text }) => told.push(text));
  const fail = (text: string) => failures.failed(new CodapError('UNAVAILABLE', text));
  const MINUTE = 60_000;
  for (let count = 0; count < 100; count++) fail('a');
  expect(told).toEqual(['a']);
  for (let count = 0; count < 100; count++) fail(count % 2 ? 'a' : 'b');
  expect(told).toEqual(['a', 'b']);
  // It comes and goes.
  for (let count = 0; count < 100; count++) {
    failures.answered();
    fail('a');
  }
  expect(told).toEqual(['a', 'b']);
  // As long as it is down nothing is new.
  fail('b');
  vi.advanceTimersByTime(10 * MINUTE);
  expect(told).toEqual(['a', 'b']);
  failures.answered();
  fail('a');
  fail('a');
  expect(told).toEqual(['a', 'b', 'a']);
});

it.each([
  ['a', 'b'],
  ['b', 'a'],
])('is told for each reason of each outage, whichever comes first: %s, %s', (...order) => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const told: string[] = [];
  const failures = new ToldFailures(({ why: text }) => told.push(text));
  const fail = (text: string) => failures.failed(new CodapError('UNAVAILABLE', text));
  for (const text of ['a', 'b', 'a', 'b']) fail(text);
  failures.answered();
  vi.advanceTimersByTime(60_000);
  for (let count = 0; count < 100; count++) for (const text of order) fail(text);
  expect(told).toEqual(['a', 'b', ...order]);
});
