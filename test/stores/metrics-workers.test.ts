import { get } from 'node:http';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readMetrics, valueIn } from '../observe/open-metrics.ts';
import { SOON, ask, askAll, busy, isThere, started } from '../workers-asked.ts';
import { startWorkers, type WorkersProcess } from '../workers-process.ts';

/** Asks for something on a connection of its own, so that any worker may get it. */
async function fetchText(url: string): Promise<{ status: number; body: string }> {
  const [answer] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage];
  return { status: answer.statusCode!, body: await text(answer) };
}

async function scrape(address: string) {
  const { status, body } = await fetchText(`${address}/metrics`);
  expect(status, body).toBe(200);
  return readMetrics(body);
}

const calls = async (address: string) =>
  valueIn(await scrape(address), 'codap_calls_total', { source: 'slow', code: 'ok' }) ?? 0;

/** Asks so often, and resolves to how often it was answered. */
async function askTimes(address: string, times: number): Promise<number> {
  const statuses = [];
  while (statuses.length < times) statuses.push(await ask(address, SOON));
  return statuses.filter((status) => status === 200).length;
}

const metricsAddress = async (service: WorkersProcess): Promise<string> =>
  (await service.line(({ msg }) => msg.startsWith('Metrics at '))).msg.slice('Metrics at '.length);

describe('the metrics of workers', { timeout: 40_000, concurrent: true }, () => {
  it('are those of all of them, whichever is asked', async () => {
    await using service = await startWorkers({ server: { workers: 3 } });
    const address = await service.address();
    const answered = await askTimes(address, 30);
    for (let times = 0; times < 10; times += 1) expect(await calls(address)).toBe(answered);
    const families = await scrape(address);
    expect(valueIn(families, 'codap_source_limit', { source: 'slow' })).toBe(3 * 512);
    // That of the primary, too.
    expect(valueIn(families, 'process_resident_memory_bytes')).toBeGreaterThan(4 * 30e6);
    expect(valueIn(families, 'nodejs_version_info')).toBe(1);
  });

  it.runIf(process.platform === 'linux')('are told where one can open no file any more, which goes on', async () => {
    const first = `
      import { openSync } from 'node:fs';
      process.on('SIGWINCH', () => {
        try {
          for (;;) openSync('/dev/null');
        } catch {
          console.log(JSON.stringify({ pid: process.pid, msg: 'full' }));
        }
      });
    `;
    await using service = await startWorkers({ first, files: 200, server: { metricsPort: 0 } });
    const address = await service.address();
    const metrics = await metricsAddress(service);
    const all = started(service);
    await askAll(service, address, all);
    const shareOf = async () => valueIn(await scrape(metrics), 'codap_open_fds_ratio')!;
    expect(await shareOf()).toBeLessThan(0.8);
    process.kill(all[0]!, 'SIGWINCH');
    await service.line(({ msg }) => msg === 'full');
    expect(await shareOf()).toBeGreaterThan(0.8);
    expect(await shareOf()).toBeGreaterThan(0.8);
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
    expect(started(service)).toEqual(all);
  });

  it('are on a port of their own where that is asked for, and there alone', async () => {
    await using service = await startWorkers({ server: { metricsPort: 0 } });
    const address = await service.address();
    const metrics = await metricsAddress(service);
    const answered = await askTimes(address, 10);
    expect(await calls(metrics)).toBe(answered);
    expect((await fetchText(`${address}/metrics`)).status).toBe(404);
    expect((await fetchText(`${metrics}/health/live`)).status).toBe(404);
    expect(service.lines.filter(({ msg }) => msg.startsWith('Metrics at '))).toHaveLength(1);
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
  });

  it('keep what one had counted that has ended, or was killed', async () => {
    await using service = await startWorkers({ server: { metricsPort: 0 } });
    const address = await service.address();
    const metrics = await metricsAddress(service);
    let answered = 0;
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const [pid] = started(service).filter(isThere) as [number];
      answered += await askTimes(address, 40);
      // What a worker that is killed has counted in its last quarter of a second is lost.
      if (signal === 'SIGKILL') await pause(500);
      process.kill(pid, signal);
      await service.line(({ msg, worker }) => msg === 'worker ended' && worker === pid);
      expect(await calls(metrics)).toBe(answered);
    }
  });

  it('never go back, whoever dies', async () => {
    await using service = await startWorkers({ server: { metricsPort: 0 } });
    const address = await service.address();
    const metrics = await metricsAddress(service);
    let last = 0;
    for (let deaths = 0; deaths < 3; deaths += 1) {
      await askTimes(address, 10);
      const now = await calls(metrics);
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
      const [pid] = started(service).filter(isThere) as [number];
      process.kill(pid, 'SIGKILL');
      await service.line(({ msg, worker }) => msg === 'worker ended' && worker === pid);
      expect(await calls(metrics)).toBeGreaterThanOrEqual(last);
      const listening = () => service.lines.filter((line) => line.msg === 'worker listens').length;
      await service.line(() => listening() === 3 + deaths);
    }
  });

  it('are told although one of them hangs', async () => {
    const first = "process.on('SIGWINCH', () => { for (;;); });";
    await using service = await startWorkers({ first, server: { metricsPort: 0, graceMs: 500 } });
    const address = await service.address();
    const metrics = await metricsAddress(service);
    await askAll(service, address, started(service));
    const before = await calls(metrics);
    process.kill(started(service)[0]!, 'SIGWINCH');
    const began = performance.now();
    expect(await calls(metrics)).toBe(before);
    expect(performance.now() - began).toBeLessThan(1500);
  });

  it('are told while they drain', async () => {
    await using service = await startWorkers({ server: { metricsPort: 0 } });
    const metrics = await metricsAddress(service);
    const { answers, finish } = await busy(service, await service.address());
    service.child.kill('SIGTERM');
    await service.line(({ msg }) => msg === 'draining');
    expect(valueIn(await scrape(metrics), 'codap_source_running', { source: 'slow' })).toBe(24);
    finish();
    expect(await answers).toEqual([200]);
  });

  it.each([1, 2])('end the service in one line where their port is taken: workers: %i', async (workers) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await using service = await startWorkers({ server: { workers, metricsPort: port } });
    expect(await service.ended).toEqual([1, null]);
    expect(await service.stderr).toMatch(
      new RegExp(`^codap: cannot listen on 127\\.0\\.0\\.1:${port}: the port is in use.* server\\.metricsPort\n$`),
    );
    taken.close();
  });

  it('of one process are on their own port likewise', async () => {
    await using service = await startWorkers({ server: { workers: 1, metricsPort: 0 } });
    const address = await service.address();
    const answered = await askTimes(address, 5);
    expect(await calls(await metricsAddress(service))).toBe(answered);
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
  });
});
