import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { makeCertificate, writeCertificate } from '../certificate.ts';
import { readMetrics, valueIn } from '../observe/open-metrics.ts';
import { answerTo, SOON, started } from '../workers-asked.ts';
import { type Line, startWorkers, type WorkersProcess } from '../workers-process.ts';

const HELD = { source: 'slow', op: 'get', params: { path: '/held' } };
const TURNED = 'the configuration was read again, and is in force';
const KEPT = 'the new configuration has faults: the old one stays in force';
/** A source that tells by its name which configuration is in force. */
const named = (name: string) => ({ sources: { [name]: { adapter: 'rest', url: 'http://127.0.0.1:1/' } } });

const told = ({ lines }: WorkersProcess, text: string): Line[] => lines.filter(({ msg }) => msg === text);

/** Writes the configuration and sends SIGHUP; resolves to the line that says what came of it. */
async function reload(service: WorkersProcess, more: object | string, text = TURNED): Promise<Line> {
  const before = told(service, text).length;
  await service.configure(more);
  service.child.kill('SIGHUP');
  await service.line(() => told(service, text).length > before);
  return told(service, text)[before]!;
}

/** The names of the sources, as often as a client of its own connection asks. */
async function sourcesOf(address: string, times = 1): Promise<string[][]> {
  const answers = [];
  while (answers.length < times) {
    const { sources } = (await (await fetch(`${address}/sources`, { headers: { connection: 'close' } })).json()) as {
      sources: { name: string }[];
    };
    answers.push(sources.map(({ name }) => name));
  }
  return answers;
}

/** Expects that whichever process is asked tells these sources. */
async function allTell(address: string, names: readonly string[]): Promise<void> {
  for (const told of await sourcesOf(address, 4)) expect(told).toEqual(names);
}

/** The name in the certificate that a new connection is shown. */
async function certificateAt(port: number): Promise<unknown> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

async function countOf(address: string): Promise<number> {
  const text = await (await fetch(`${address}/metrics`, { headers: { connection: 'close' } })).text();
  return valueIn(readMetrics(text), 'codap_calls_total', { source: 'slow', code: 'ok' }) ?? 0;
}

describe.each([1, 2])('SIGHUP, where %i processes serve,', { timeout: 60_000, concurrent: true }, (workers) => {
  const server = { workers };

  it('loses and refuses no request in ten reloads under load, and cuts no connection', async () => {
    await using service = await startWorkers({ server });
    const address = await service.address();
    const over = new AbortController();
    const agents: Agent[] = [];
    const failures: unknown[] = [];
    let answered = 0;
    let connections = 0;
    const client = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      agents.push(agent);
      const connect = agent.createConnection.bind(agent);
      agent.createConnection = (...how) => {
        connections += 1;
        return connect(...how);
      };
      while (!over.signal.aborted) {
        const { status, body } = await answerTo(address, SOON, agent).catch((error: unknown) => ({
          status: 0,
          body: String(error),
        }));
        // A machine that is busy with other things may refuse one.
        if (status === 200 && body.includes('"complete":true')) answered += 1;
        else if (!body.includes('the service is overloaded')) failures.push({ status, body });
      }
    };
    const clients = Promise.all(Array.from({ length: 8 }, client));
    for (let at = 1; at <= 10; at += 1) {
      await reload(service, named(`v${at}`));
      await allTell(address, ['slow', `v${at}`]);
    }
    over.abort();
    await clients;
    for (const agent of agents) agent.destroy();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(50);
    expect(connections).toBe(8);
    expect(await countOf(address)).toBe(answered);
  });

  it('keeps the old configuration where the new one has a fault, and says where, without a value', async () => {
    await using service = await startWorkers({ server });
    const address = await service.address();
    const broken = {
      server: { timeoutMs: 'hunter2' },
      sources: { ...named('new').sources, bad: { adapter: 'hunter2' } },
    };
    const line = await reload(service, broken, KEPT);
    expect(line.level).toBe(50);
    const faults = line['faults'] as { path: string; detail: string }[];
    expect(faults.map(({ path }) => path)).toEqual(['server.timeoutMs', 'sources.bad.adapter']);
    expect(JSON.stringify(line)).not.toContain('hunter2');
    await reload(service, '{ not: [yaml', KEPT);
    const saved = { batches: { page: { pattern: 'kv', queries: { a: { source: 'nope', op: 'get' } } } } };
    const [fault] = (await reload(service, saved, KEPT))['faults'] as { path: string }[];
    expect(fault?.path).toMatch(/batches\.page#\/queries\/a\/source$/);
    expect(told(service, KEPT)).toHaveLength(3);
    expect(told(service, TURNED)).toEqual([]);
    await allTell(address, ['slow']);
    await reload(service, named('right'));
    await allTell(address, ['slow', 'right']);
  });

  it('serves what is saved anew', async () => {
    await using service = await startWorkers({ server });
    const address = await service.address();
    expect((await fetch(`${address}/batches/page`)).status).toBe(404);
    const line = await reload(service, { batches: { page: { pattern: 'kv', queries: { a: SOON } } } });
    expect(line).toMatchObject({ sources: ['slow'], batches: ['page'] });
    expect((await fetch(`${address}/batches/page`)).status).toBe(200);
  });

  it('has the old configuration finish its answers, and cuts them after graceMs', async () => {
    await using service = await startWorkers({ server });
    const address = await service.address();
    const late = answerTo(address, HELD);
    await service.holding(1);
    await reload(service, named('new'));
    expect(await sourcesOf(address)).toEqual([['slow', 'new']]);
    for (const answer of service.held) answer.end('"late"');
    expect(await late).toMatchObject({ status: 200, body: expect.stringContaining('"complete":true') as string });
    const cut = answerTo(address, HELD);
    await service.holding(2);
    await reload(service, { server: { graceMs: 400 } });
    expect(await cut).toMatchObject({
      status: 503,
      body: expect.stringContaining('the service has a new configuration') as string,
    });
  });

  it('says what needs a restart, and goes on with that as it was', async () => {
    await using service = await startWorkers({ server });
    const address = await service.address();
    const before = await service.workers();
    await reload(service, { server: { host: '127.0.0.2', port: 1, workers: 3, metricsPort: 2 } });
    const [line] = told(service, 'this needs a restart: it stays as it was');
    expect(line).toMatchObject({
      level: 40,
      paths: ['server.host', 'server.port', 'server.metricsPort', 'server.workers'],
    });
    expect(await sourcesOf(address)).toEqual([['slow']]);
    expect((await fetch(`${address}/metrics`)).status).toBe(200);
    expect(await service.workers()).toEqual(before);
  });

  it('goes on with the certificate in force where `tls` is taken out of the file, again and again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'codap-certificate-'));
    const names = await writeCertificate(folder, await makeCertificate('first'));
    const tls = { cert: join(folder, names.cert), key: join(folder, names.key) };
    await using service = await startWorkers({ server: { ...server, tls } });
    const port = Number(new URL(await service.address()).port);
    const certificates = async () => new Set(await Promise.all(Array.from({ length: 6 }, () => certificateAt(port))));
    expect(await certificates()).toEqual(new Set(['first']));
    await writeCertificate(folder, await makeCertificate('second'));
    await reload(service, {});
    expect(await certificates()).toEqual(new Set(['second']));
    await rm(folder, { recursive: true });
    for (const name of ['one', 'two']) {
      await reload(service, { ...named(name), server: { tls: undefined } });
      expect(told(service, 'this needs a restart: it stays as it was').at(-1)).toMatchObject({ paths: ['server.tls'] });
      expect(await certificates()).toEqual(new Set(['second']));
      const [worker] = await service.workers();
      if (worker === undefined) continue;
      const before = started(service);
      process.kill(worker, 'SIGKILL');
      await service.line(({ msg, pid }) => msg === 'worker listens' && !before.includes(pid));
      expect(await certificates()).toEqual(new Set(['second']));
    }
  });

  it('again and again at once reads the last one, and leaves an end by SIGTERM as it is', async () => {
    await using service = await startWorkers({ server });
    const address = await service.address();
    for (let at = 1; at <= 5; at += 1) {
      await service.configure(named(`v${at}`));
      service.child.kill('SIGHUP');
    }
    await service.line(({ msg, sources }) => msg === TURNED && (sources as string[]).includes('v5'));
    await allTell(address, ['slow', 'v5']);
    service.child.kill('SIGHUP');
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
    await service.empty;
    expect(await service.stderr).toBe('');
  });

  it('leaves nothing behind: files and connections to the store are as many after twenty', async () => {
    await using service = await startWorkers({ server });
    const address = await service.address();
    const pids = workers === 1 ? [service.child.pid!] : started(service);
    const askEach = () => Promise.all(Array.from({ length: 8 }, () => answerTo(address, SOON)));
    const counts = async () => {
      const files = await Promise.all(pids.map(async (pid) => (await readdir(`/proc/${pid}/fd`)).length));
      return { files: files.reduce((sum, count) => sum + count), connections: await service.connections() };
    };
    await reload(service, named('first'));
    await askEach();
    const before = await counts();
    for (let at = 1; at <= 20; at += 1) {
      await reload(service, named(`v${at}`));
      await askEach();
    }
    // Another one begins once the connections of the one before are closed.
    await reload(service, named('last'));
    const after = await counts();
    expect(after.files).toBeLessThanOrEqual(before.files + 8);
    expect(after.connections).toBeLessThanOrEqual(before.connections + 8);
  });
});

describe('SIGHUP', { timeout: 40_000, concurrent: true }, () => {
  it('does nothing to a worker: its primary alone is told', async () => {
    await using service = await startWorkers();
    const address = await service.address();
    const [first] = started(service) as [number];
    process.kill(first, 'SIGHUP');
    await reload(service, named('new'));
    await allTell(address, ['slow', 'new']);
    expect(started(service)).toHaveLength(2);
  });

  it('reaches the other workers though one hangs, which heeds it as it goes on', async () => {
    const first = "process.on('SIGWINCH', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000));";
    await using service = await startWorkers({ first });
    const address = await service.address();
    const [hangs] = started(service) as [number];
    process.kill(hangs, 'SIGWINCH');
    await reload(service, named('new'));
    expect(service.lines.filter(({ level }) => level === 50)).toMatchObject([{ worker: hangs }]);
    while (!(await sourcesOf(address, 8)).every((names) => names.includes('new')));
  });

  it('tells a metrics port of its own the hosts that it serves', async () => {
    await using service = await startWorkers({ server: { metricsPort: 0 } });
    await service.address();
    const { msg } = await service.line((line) => line.msg.startsWith('Metrics at '));
    const metrics = `${msg.slice('Metrics at '.length)}/metrics`;
    expect((await fetch(metrics)).status).toBe(200);
    await reload(service, { server: { metricsPort: 0, hosts: ['codap.example'] } });
    expect((await fetch(metrics)).status).toBe(421);
  });
});
