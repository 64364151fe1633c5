import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect as connectByTls, type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../../src/cli/listen.ts';
import { buildApp } from '../../src/service/app.ts';
import { type Edition, Front } from '../../src/service/front.ts';
import { type Certificate, makeCertificate, writeCertificate } from '../certificate.ts';
import { loadConfig } from '../configured.ts';
import { until } from '../service.ts';

let folder: string;
let first: Certificate;
let second: Certificate;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codap-tls-'));
  [first, second] = await Promise.all([makeCertificate('first'), makeCertificate('second')]);
  await writeCertificate(folder, first);
});
afterAll(() => rm(folder, { recursive: true }));

async function configured(tls: object, env: Record<string, string> = {}) {
  const file = join(folder, `${crypto.randomUUID()}.yaml`);
  await writeFile(file, JSON.stringify({ server: { tls, maxConnections: 50 }, sources: {} }));
  return loadConfig(file, env);
}

async function edition(certificate: Certificate): Promise<Edition> {
  const config = await configured(await writeCertificate(folder, certificate));
  const app = await buildApp(config, { sources: new Map(), requestMs: 500 });
  await app.ready();
  return { config, app };
}

/** Asks once; tells by whose certificate, too. */
async function get(url: string, agent: Agent) {
  const sent = request(`${url}/health/live`, { agent }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const socket = answer.socket as TLSSocket;
  const { subject } = socket.getPeerCertificate() as DetailedPeerCertificate;
  return { status: answer.statusCode, port: socket.localPort, name: subject?.CN, body: await text(answer) };
}

describe('server.tls', () => {
  it('names files of the folder of the configuration, whose names may stand in the environment', async () => {
    const { server } = await configured({ cert: '${NAME}.pem', key: './key.pem' }, { NAME: 'cert' });
    expect(server.tls).toEqual(first);
  });

  it.each([
    [
      'a file that is not there',
      { cert: 'none.pem', key: 'key.pem' },
      'server.tls.cert: a file in PEM is allowed here, and this one cannot be read (ENOENT)',
    ],
    [
      'a folder',
      { cert: '.', key: 'key.pem' },
      'server.tls.cert: a file in PEM is allowed here, and this one cannot be read (EISDIR)',
    ],
    [
      'a key as a certificate',
      { cert: 'key.pem', key: 'key.pem' },
      'server.tls.cert: a certificate in PEM is allowed here',
    ],
    [
      'a certificate as a key',
      { cert: 'cert.pem', key: 'cert.pem' },
      'server.tls.key: a private key in PEM without a passphrase is allowed here',
    ],
    [
      'the key of another certificate',
      { cert: 'cert.pem', key: 'other.pem' },
      'server.tls.key: the key of the certificate is allowed here',
    ],
    [
      'a key of another algorithm',
      { cert: 'cert.pem', key: 'ed25519.pem' },
      'server.tls.key: the key of the certificate is allowed here',
    ],
    [
      'each of the two, told beside the other',
      { cert: 'key.pem', key: 'cert.pem' },
      'server.tls.key: a private key in PEM without a passphrase is allowed here',
    ],
    [
      'a key beside a certificate that is not there',
      { cert: 'none.pem', key: 'cert.pem' },
      'server.tls.key: a private key in PEM without a passphrase is allowed here',
    ],
    [
      'the key of another certificate, beside what is unknown',
      { cert: 'cert.pem', key: 'other.pem', passphrase: 'x' },
      'server.tls.key: the key of the certificate is allowed here',
    ],
    ['a certificate alone', { cert: 'cert.pem' }, 'server.tls.key: key is missing'],
    [
      'something else beside them',
      { cert: 'cert.pem', key: 'key.pem', passphrase: 'x' },
      'server.tls.passphrase: unknown field',
    ],
  ])('is a fault that repeats nothing: %s', async (_what, tls, fault) => {
    await writeFile(join(folder, 'other.pem'), second.key);
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(join(folder, 'ed25519.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const failure = await configured(tls).then(
      () => new Error('it was taken'),
      (error: unknown) => error as Error,
    );
    expect(failure.message).toContain(fault);
    expect(failure.message).not.toMatch(/BEGIN|none\.pem/);
  });

  it('has every listener speak TLS, and answers another certificate once there is one, with no connection cut', async () => {
    const front = new Front(await edition(first), { requestMs: 500 });
    const { address } = await listen(front.app, { host: '127.0.0.1', port: 0 });
    expect(address).toMatch(/^https:/);
    const ca = [first.cert, second.cert];
    const kept = new Agent({ ca, keepAlive: true, maxSockets: 1 });
    const own = new Agent({ ca, keepAlive: false, maxCachedSessions: 0 });
    const before = await get(address, kept);
    expect(before).toMatchObject({ status: 200, name: 'first', body: '{"status":"live"}' });
    const many = await Promise.all(Array.from({ length: 20 }, () => get(address, own)));
    expect(new Set(many.map(({ name }) => name))).toEqual(new Set(['first']));
    await front.turnTo(await edition(second));
    expect(await get(address, kept)).toEqual(before);
    expect(await get(address, own)).toMatchObject({ status: 200, name: 'second' });
    kept.destroy();
    await front.close();
  });

  it('sends no closing alert to a client of HTTP/1.0 that ends its side in the middle of an answer', async () => {
    const config = await configured(await writeCertificate(folder, first));
    const app = await buildApp(config, { sources: new Map() });
    app.get('/flow', (_request, reply) => {
      const flow = new Readable({ read: () => {} });
      flow.push('part');
      return reply.send(flow);
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const connected = once(app.server, 'secureConnection') as Promise<[TLSSocket]>;
    const client = connectByTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
    client.on('error', () => {}).write('GET /flow HTTP/1.0\r\nHost: localhost\r\n\r\n');
    const [socket] = await connected;
    const closed = once(socket, 'close');
    await once(client, 'data');
    client.end();
    await closed;
    // Node sends one where it ends a connection, rather than breaking it.
    expect(socket.writableFinished).toBe(false);
    await app.close();
  });

  it('closes a connection that speaks no TLS, or nothing at all', { timeout: 10_000 }, async () => {
    const front = new Front(await edition(first), { requestMs: 500 });
    const { address } = await listen(front.app, { host: '127.0.0.1', port: 0 });
    const port = Number(new URL(address).port);
    const plain = connect(port, '127.0.0.1');
    plain.end('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const silent = connect(port, '127.0.0.1');
    plain.on('error', () => {});
    silent.on('error', () => {});
    plain.resume();
    silent.resume();
    await Promise.all([once(plain, 'close'), once(silent, 'close')]);
    const connections = promisify(front.server.getConnections.bind(front.server));
    expect(await connections()).toBe(0);
    await front.close();
  });

  it.each([
    ['before the handshake', ''],
    ['within the handshake', '\x16\x03\x01\x02'],
  ])('lets go at once of connections that clients close %s', async (_what, sent) => {
    const front = new Front(await edition(first), { requestMs: 60_000 });
    const { address } = await listen(front.app, { host: '127.0.0.1', port: 0 });
    let taken = 0;
    let gone = 0;
    front.server.on('connection', (socket: Socket) => {
      taken += 1;
      socket.once('close', () => (gone += 1));
    });
    // Every listener gets some.
    const clients = Array.from({ length: 45 }, () => connect(Number(new URL(address).port), '127.0.0.1'));
    for (const client of clients) client.on('error', () => {}).end(sent);
    await until(() => taken === clients.length && gone === taken, 'all are closed');
    await front.close();
  });

  it('closes connections beyond the most there may be', async () => {
    const front = new Front(await edition(first));
    const { address } = await listen(front.app, { host: '127.0.0.1', port: 0 });
    const sockets = Array.from({ length: 60 }, () => connect(Number(new URL(address).port), '127.0.0.1'));
    let closed = 0;
    for (const socket of sockets)
      socket
        .on('error', () => {})
        .once('close', () => (closed += 1))
        .resume();
    await until(() => closed >= 10, 'ten are closed');
    const agent = new Agent({ ca: first.cert });
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => get(address, agent).catch(String)).toMatchObject({ status: 200 });
    agent.destroy();
    await front.close();
  });
});
