import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as plainly, type IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { hashedKey, makeKey } from '../../src/callers/api-keys.ts';
import { makeCertificate, writeCertificate } from '../certificate.ts';
import { startWorkers, type WorkersProcess } from '../workers-process.ts';

const TURNED = 'the configuration was read again, and is in force';

async function reload(service: WorkersProcess, more: object): Promise<void> {
  const turned = () => service.lines.filter(({ msg }) => msg === TURNED).length;
  const before = turned();
  await service.configure(more);
  service.child.kill('SIGHUP');
  await service.line(() => turned() > before);
}

/** Asks once; tells by whose certificate, too. */
async function get(url: string, key: string | undefined, agent: Agent | undefined) {
  const headers = key === undefined ? {} : { 'x-api-key': key };
  const sent = (agent ? request(url, { agent, headers }) : plainly(url, { headers, agent: false })).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const name = agent && (answer.socket as TLSSocket).getPeerCertificate().subject?.CN;
  return { status: answer.statusCode, name, port: answer.socket.localPort, body: await text(answer) };
}

describe.each([1, 2])('where %i processes serve', { timeout: 60_000, concurrent: true }, (workers) => {
  it('SIGHUP changes callers and certificates on all ports, with no connection cut', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'codap-certificate-'));
    const [first, second] = await Promise.all([makeCertificate('first'), makeCertificate('second')]);
    const { cert, key } = await writeCertificate(folder, first);
    const tls = { cert: join(folder, cert), key: join(folder, key) };
    const [web, watch] = [makeKey(), makeKey()];
    const callers = {
      web: { keys: [hashedKey(web)], sources: ['slow'] },
      watch: { keys: [hashedKey(watch)], metrics: true },
    };
    await using service = await startWorkers({ server: { workers, tls, metricsPort: 0 } });
    const address = await service.address();
    expect(address).toMatch(/^https:/);
    const { msg } = await service.line((line) => line.msg.startsWith('Metrics at '));
    const metrics = `${msg.slice('Metrics at '.length)}/metrics`;
    const ca = [first.cert, second.cert];
    const kept = new Agent({ ca, keepAlive: true, maxSockets: 1 });
    const fresh = new Agent({ ca, keepAlive: false, maxCachedSessions: 0 });
    const before = await get(`${address}/sources`, undefined, kept);
    expect(before).toMatchObject({ status: 200, name: 'first' });
    await writeCertificate(folder, second);
    await reload(service, { callers });
    const after = await get(`${address}/sources`, web, kept);
    expect(after).toMatchObject({ status: 200, name: 'first', port: before.port });
    for (let times = 0; times < 4; times += 1) {
      expect(await get(`${address}/sources`, web, fresh)).toMatchObject({ status: 200, name: 'second' });
      expect(await get(`${address}/sources`, undefined, fresh)).toMatchObject({ status: 401 });
    }
    expect(await get(metrics, undefined, fresh)).toMatchObject({ status: 401, name: 'second' });
    expect(await get(metrics, web, fresh)).toMatchObject({ status: 404 });
    const counted = await get(metrics, watch, fresh);
    expect(counted.status).toBe(200);
    // Those of both ports.
    expect(counted.body).toMatch(/codap_refused_total\{reason="unauthorized"\} 5\n/);
    expect(counted.body).toMatch(/codap_refused_total\{reason="forbidden"\} 1\n/);
    kept.destroy();
    await rm(folder, { recursive: true });
  });

  it('a port without TLS gets none by SIGHUP, and one line says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'codap-certificate-'));
    const { cert, key } = await writeCertificate(folder, await makeCertificate('late'));
    await using service = await startWorkers({ server: { workers } });
    const address = await service.address();
    await reload(service, { server: { tls: { cert: join(folder, cert), key: join(folder, key) } } });
    const told = await service.line((line) => line.msg === 'this needs a restart: it stays as it was');
    expect(told['paths']).toEqual(['server.tls']);
    expect((await get(`${address}/sources`, undefined, undefined)).status).toBe(200);
    await rm(folder, { recursive: true });
  });

  it('a line warns of a port that whoever reaches it may ask, unless that is this machine alone', async () => {
    const open = 'whoever reaches this port may ask: there are no `callers`';
    const callers = { web: { keys: [hashedKey(makeKey())] } };
    const warnings = async (more: object, host: string): Promise<number> => {
      await using service = await startWorkers({ server: { workers }, args: ['--host', host] });
      await service.address();
      await reload(service, more);
      return service.lines.filter((line) => line.msg === open && line['level'] === 40).length;
    };
    expect(
      await Promise.all([warnings({}, '127.0.0.1'), warnings({}, '0.0.0.0'), warnings({ callers }, '0.0.0.0')]),
    ).toEqual([0, 2, 1]);
  });
});
