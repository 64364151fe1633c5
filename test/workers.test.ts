import { once } from 'node:events';
import { Agent } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SOON, answerTo, ask, askAll, busy, answerers, started, isThere } from './workers-asked.ts';
import { startWorkers } from './workers-process.ts';

describe('workers', { timeout: 40_000, concurrent: true }, () => {
  it('each answer a part; their primary answers nothing, and tells the address once', async () => {
    await using service = await startWorkers({ server: { host: 'localhost', workers: 3 } });
    const address = await service.address();
    expect(started(service)).toHaveLength(3);
    await askAll(service, address, started(service));
    expect(answerers(service)).not.toContain(service.child.pid);
    expect(service.lines.filter(({ msg }) => /http:/.test(msg))).toHaveLength(1);
  });

  it.runIf(process.platform === 'linux')('are as many as there are cores where that is asked for', async () => {
    await using service = await startWorkers({ server: { workers: 'auto' } });
    await service.address();
    const cores = availableParallelism();
    expect(await service.workers()).toHaveLength(cores === 1 ? 0 : cores);
  });

  it('that are one are no process beside the one that was started', async () => {
    await using service = await startWorkers({ server: { workers: 1 } });
    const address = await service.address();
    while ((await ask(address, SOON)) !== 200);
    expect(await service.workers()).toEqual([]);
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
    expect([...answerers(service)]).toEqual([service.child.pid]);
    expect(started(service)).toEqual([]);
  });

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

describe('a service whose workers cannot start', { timeout: 40_000, concurrent: true }, () => {
  it.each([
    ['a port in use', {}, /^codap: cannot listen on 127\.0\.0\.1:\d+: the port is in use.*\n$/],
    [
      'an address that is not here',
      { host: '192.0.2.1' },
      /^codap: cannot listen on 192\.0\.2\.1:\d+: this machine has no.*\n$/,
    ],
    ['a configuration at fault', { graceMs: -1 }, /^codap: server\.graceMs: [^\n]+\n$/],
  ])('tells %s once, with status 1', async (_what, server, message) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const args = ['--port', String((taken.address() as AddressInfo).port)];
    await using service = await startWorkers({ server, args });
    expect(await service.ended).toEqual([1, null]);
    expect(await service.stderr).toMatch(message);
    taken.close();
  });

  it('says so where the first is killed', async () => {
    const first = "import cluster from 'node:cluster'; if (cluster.worker) process.kill(process.pid, 'SIGKILL');";
    await using service = await startWorkers({ first });
    expect(await service.ended).toEqual([1, null]);
    expect(await service.stderr).toBe('codap: the first worker ended before it listened (SIGKILL)\n');
    expect(started(service)).toHaveLength(1);
  });
});
