import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { SOON, ask, askAll, answerers, started } from '../workers-asked.ts';
import { startWorkers } from '../workers-process.ts';

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

  it.runIf(process.platform === 'linux')('put their event loop before the threads of V8', async () => {
    await using service = await startWorkers({ server: { workers: 2 } });
    await service.address();
    for (const pid of [service.child.pid, ...(await service.workers())]) {
      const [ofV8, others] = [new Set<number>(), new Set<number>()];
      for (const thread of await readdir(`/proc/${pid}/task`)) {
        const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8');
        // The name stands in parentheses, and the nice value is the seventeenth field after it (proc(5)).
        const nice = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
        (stat.includes('(V8Worker)') ? ofV8 : others).add(nice);
      }
      expect([...ofV8]).toEqual([10]);
      expect([...others]).toEqual([0]);
    }
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
