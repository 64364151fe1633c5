import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { makeCertificate, writeCertificate } from '../certificate.ts';
import { drainTrial } from '../drain-trial.ts';
import { SOON, answerTo, ask, askAll, busy, started, draining, isThere } from '../workers-asked.ts';
import { type Line, startWorkers } from '../workers-process.ts';

describe('workers', { timeout: 40_000, concurrent: true }, () => {
  it('go on where one is killed under load, and another takes its place', async () => {
    await using service = await startWorkers();
    const address = await service.address();
    const [first, second] = started(service) as [number, number];
    await askAll(service, address, [first, second]);
    const over = new AbortController();
    const loaded = Promise.withResolvers<void>();
    const outcomes: (number | string)[] = [];
    const client = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!over.signal.aborted) {
        outcomes.push(await ask(address, SOON, agent).catch((error: NodeJS.ErrnoException) => String(error.code)));
        if (outcomes.length === 100) loaded.resolve();
        await pause(5);
      }
      agent.destroy();
    };
    const clients = Promise.all(Array.from({ length: 8 }, client));
    await loaded.promise;
    process.kill(first, 'SIGKILL');
    const { pid } = await service.line(
      (line) => line.msg === 'worker listens' && !started(service).slice(0, 2).includes(line.pid),
    );
    await askAll(service, address, [second, pid]);
    over.abort();
    await clients;
    // Each connection to the one that was killed breaks once; where the machine is busy, some are refused.
    const failed = outcomes.filter((outcome) => outcome !== 200 && outcome !== 503);
    expect(failed.length).toBeLessThanOrEqual(8);
    expect(failed.filter((outcome) => outcome !== 'ECONNRESET' && outcome !== 'EPIPE')).toEqual([]);
    expect(await service.line(({ worker, signal }) => worker === first && signal === 'SIGKILL')).toMatchObject({
      level: 40,
    });
  });

  it('go on where one ends after an uncaught error, which finishes its answers', async () => {
    const first = "process.on('SIGWINCH', () => { throw new Error('thrown by a test'); });";
    await using service = await startWorkers({ first });
    const address = await service.address();
    const [failed, other] = started(service) as [number, number];
    const { answers, finish } = await busy(service, address);
    process.kill(failed, 'SIGWINCH');
    await service.line(({ msg, worker }) => msg.startsWith('another worker') && worker === failed);
    // Its listeners are closed in a turn of its event loop or two.
    const { pid } = await service.line(({ msg, pid }) => msg === 'worker listens' && ![failed, other].includes(pid));
    // A machine that is busy may refuse one, but none because of what is ending.
    for (let asked = 0; asked < 30; asked += 1)
      expect((await answerTo(address, SOON)).body).toMatch(/"status":"ok"|overloaded/);
    expect(isThere(failed)).toBe(true);
    finish();
    expect(await answers).toEqual([200]);
    expect(await service.line((line) => line.msg === 'worker ended')).toMatchObject({ worker: failed, status: 1 });
    expect(await service.line((line) => line.pid === failed && line['level'] === 60)).toMatchObject({
      err: { message: 'thrown by a test' },
    });
    await askAll(service, address, [other, pid]);
  });

  it('that take the place of another have what needs a restart as the service began with it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'codap-certificate-'));
    const { cert, key } = await writeCertificate(folder, await makeCertificate('new'));
    await using service = await startWorkers();
    const address = await service.address();
    const [first, second] = started(service) as [number, number];
    const tls = { cert: join(folder, cert), key: join(folder, key) };
    await service.configure({ server: { tls, metricsPort: 0 } });
    process.kill(first, 'SIGKILL');
    const { pid } = await service.line(({ msg, pid }) => msg === 'worker listens' && ![first, second].includes(pid));
    await askAll(service, address, [second, pid]);
    for (let asked = 0; asked < 10; asked += 1) expect((await fetch(`${address}/metrics`)).status).toBe(200);
    await rm(folder, { recursive: true });
  });

  it('that die again and again are started again after pauses that grow', async () => {
    const first = "import cluster from 'node:cluster'; if (cluster.worker?.id > 1) process.exit(7);";
    await using service = await startWorkers({ first });
    const address = await service.address();
    await service.line(({ pauseMs }) => pauseMs === 400);
    const pauses = service.lines.filter((line) => 'pauseMs' in line).map(({ pauseMs }) => pauseMs);
    expect(pauses).toEqual([100, 200, 400]);
    while ((await ask(address, SOON)) !== 200);
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
  });
});

describe('a signal to workers', { timeout: 40_000, concurrent: true }, () => {
  it.each(['start', 'start', 'load', 'load'] as const)(
    'drops nothing, at a random moment of their %s',
    async (phase) => {
      const part = Math.random() * (phase === 'start' ? 3 : 1);
      const { dropped, ended, answered } = await drainTrial(phase, part, { workers: 2 });
      expect(dropped, `sent at ${part}`).toEqual([]);
      expect([0, 'SIGTERM']).toContain(ended[0] ?? ended[1]);
      if (answered > 0) expect(ended[0]).toBe(0);
    },
  );

  it.each([
    ['SIGTERM to the primary alone', 'SIGTERM', 1],
    ['SIGINT to all of them, as a terminal sends it', 'SIGINT', -1],
    ['SIGTERM to all of them', 'SIGTERM', -1],
  ] as const)('%s drains each once', async (_what, signal, whom) => {
    await using service = await startWorkers({ server: { graceMs: 2 ** 31 - 1 } });
    const address = await service.address();
    const { answers, finish } = await busy(service, address);
    const all = started(service);
    process.kill(whom * service.child.pid!, signal);
    await Promise.all(all.map((pid) => service.line(draining(pid))));
    // All of them listen, and refuse.
    while ((await ask(address, SOON)) !== 503);
    finish();
    expect(await answers).toEqual([200]);
    expect(await service.ended).toEqual([0, null]);
    expect(service.lines.filter(({ msg }) => msg === 'draining')).toHaveLength(2);
    expect(service.lines.filter(({ msg }) => msg === 'draining all workers')).toMatchObject([{ signal }]);
    expect(started(service)).toEqual(all);
    expect(await service.stderr).toBe('');
  });

  it('ends them while they are still starting', async () => {
    await using service = await startWorkers();
    await service.line(({ msg }) => msg === 'worker started');
    process.kill(-service.child.pid!, 'SIGINT');
    expect(await service.ended).toEqual([0, null]);
    expect(await service.stderr).toBe('');
    expect(started(service)).toHaveLength(1);
  });

  it('a second time ends all of them at once', async () => {
    await using service = await startWorkers({ server: { graceMs: 60_000 } });
    const { answers } = await busy(service, await service.address());
    service.child.kill('SIGTERM');
    await service.line(({ msg }) => msg === 'draining all workers');
    const began = performance.now();
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([1, null]);
    await service.empty;
    expect(performance.now() - began).toBeLessThan(1000);
    expect(await answers).toEqual(['cut']);
  });

  it('ends with status 1 where answers had to be cut when the grace period was over', async () => {
    await using service = await startWorkers({ server: { graceMs: 1000 } });
    const { answers } = await busy(service, await service.address());
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([1, null]);
    expect(await answers).toEqual([503]);
  });

  it.each([0, 100, 400])('ends with status 0 where nothing is under way, also within %i ms', async (graceMs) => {
    await using service = await startWorkers({ server: { graceMs } });
    await service.address();
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
  });

  it('ends a worker that hangs when the grace period is over', async () => {
    const first = "process.on('SIGWINCH', () => { for (;;); });";
    await using service = await startWorkers({ first, server: { graceMs: 1000 } });
    await service.address();
    const [hangs] = started(service) as [number];
    process.kill(hangs, 'SIGWINCH');
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([1, null]);
    await service.empty;
  });

  it('to one of them drains that one, and another takes its place, with nothing refused meanwhile', async () => {
    await using service = await startWorkers();
    const address = await service.address();
    const [one, other] = started(service) as [number, number];
    const { answers, finish } = await busy(service, address);
    process.kill(one, 'SIGTERM');
    const isReplaced = ({ msg, pid }: Line) => msg === 'worker listens' && ![one, other].includes(pid);
    // A machine that is busy may refuse one, but none because of what is ending.
    for (let left = 30; left > 0; left -= service.lines.some(isReplaced) ? 1 : 0)
      expect((await answerTo(address, SOON)).body).toMatch(/"status":"ok"|overloaded/);
    expect(isThere(one)).toBe(true);
    finish();
    expect(await answers).toEqual([200]);
    expect(await service.line(({ msg }) => msg === 'worker ended')).toMatchObject({ worker: one, status: 0 });
  });

  it('that kills their primary lets them finish their answers, and end', async () => {
    await using service = await startWorkers();
    const { answers, finish } = await busy(service, await service.address());
    const all = started(service);
    service.child.kill('SIGKILL');
    await service.ended;
    await Promise.all(all.map((pid) => service.line(draining(pid))));
    finish();
    expect(await answers).toEqual([200]);
    await service.empty;
  });
});
