import { describe, expect, it } from 'vitest';
import { drainTrial } from '../drain-trial.ts';
import { busy, started, draining } from '../workers-asked.ts';
import { startWorkers } from '../workers-process.ts';

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

  it('to one of them drains that one, and another takes its place', async () => {
    await using service = await startWorkers();
    await service.address();
    const [one, other] = started(service) as [number, number];
    process.kill(one, 'SIGTERM');
    await service.line(({ msg, pid }) => msg === 'worker listens' && ![one, other].includes(pid));
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
