import type { Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextPauseMs } from '../../src/cli/pauses.ts';
import { Workers } from '../../src/cli/workers.ts';

const ADDRESS = 'http://127.0.0.1:4711';

describe('the pause before a worker is started again', () => {
  it('doubles up to half a minute while workers do not stay up', () => {
    const pauses: number[] = [];
    for (let last: number | undefined; pauses.length < 11; pauses.push(last)) last = nextPauseMs(last, 59_999);
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  });

  it('is the first one again after a worker that has stayed up for a minute', () => {
    expect(nextPauseMs(30_000, 60_000)).toBe(100);
  });
});

describe('the primary', () => {
  beforeEach(
    () =>
      void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] }),
  );
  afterEach(() => void vi.useRealTimers());

  /** Starts a service of two workers that are none, each of which does as it is told here. */
  function service() {
    const forked: { worker: EventEmitter; port: number; isFirst: boolean }[] = [];
    const fork = (port: number, isFirst: boolean): Worker => {
      const worker = Object.assign(new EventEmitter(), { process: { pid: forked.length + 1 } });
      forked.push({ worker, port, isFirst });
      return worker as unknown as Worker;
    };
    let metricsPort = 1;
    const lines: Record<string, unknown>[] = [];
    const workers = new Workers({
      count: 2,
      graceMs: 1000,
      logger: pino({ level: 'warn' }, { write: (line) => void lines.push(JSON.parse(line)) }),
      fork,
      bound: () => ({ metricsPort: metricsPort++, tls: undefined }),
    });
    const tell = (at: number, event: string, ...what: unknown[]) => forked[at]!.worker.emit(event, ...what);
    /** Starts both, and has them hear what they are told: `told` has each one's orders, in order. */
    const startBoth = async (): Promise<[at: number, order: unknown][]> => {
      const told: [at: number, order: unknown][] = [];
      const starting = workers.start(4711);
      tell(0, 'message', { kind: 'listens', address: ADDRESS });
      await turn();
      tell(1, 'message', { kind: 'listens', address: ADDRESS });
      await starting;
      for (const [at, { worker }] of forked.entries())
        Object.assign(worker, { isConnected: () => true, send: (order: unknown) => told.push([at, order]) });
      return told;
    };
    return { forked, lines, workers, tell, startBoth };
  }

  it('starts the others once the first listens, on the port where it does, and tells it once they do', async () => {
    const { forked, workers, tell } = service();
    let told: string | undefined;
    const started = workers.start(0).then((address) => (told = address));
    await turn();
    expect(forked).toHaveLength(1);
    tell(0, 'message', { kind: 'listens', address: ADDRESS });
    await turn();
    expect(forked.map(({ port }) => port)).toEqual([0, process.platform === 'linux' ? 4711 : 0]);
    expect(told).toBeUndefined();
    tell(1, 'message', { kind: 'listens', address: ADDRESS });
    await started;
    expect(told).toBe(ADDRESS);
  });

  it('tells each that starts what it is bound to, as that is then', async () => {
    const { forked, workers, tell } = service();
    const started = workers.start(4711);
    const told: unknown[] = [];
    const hear = (at: number) =>
      Object.assign(forked[at]!.worker, { isConnected: () => true, send: (order: unknown) => told.push([at, order]) });
    hear(0);
    tell(0, 'message', { kind: 'starting' });
    tell(0, 'message', { kind: 'listens', address: ADDRESS });
    await turn();
    hear(1);
    tell(1, 'message', { kind: 'starting' });
    tell(1, 'message', { kind: 'listens', address: ADDRESS });
    await started;
    expect(told).toEqual([
      [0, { kind: 'bound', bound: { metricsPort: 1 } }],
      [1, { kind: 'bound', bound: { metricsPort: 2 } }],
    ]);
  });

  it('replaces one that drains before it has ended, once for both', async () => {
    const { forked, workers, tell } = service();
    const started = workers.start(4711);
    tell(0, 'message', { kind: 'listens', address: ADDRESS });
    await turn();
    tell(1, 'exit', 1, null);
    expect(await started).toBe(ADDRESS);
    await vi.advanceTimersByTimeAsync(100);
    expect(forked).toHaveLength(3);
    tell(0, 'message', { kind: 'draining' });
    await turn();
    tell(0, 'exit', 0, null);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(forked.map(({ isFirst }) => isFirst)).toEqual([true, false, false, true]);
  });

  it.each([
    [
      '0 where each has finished its answers',
      [
        ['message', { kind: 'drained' }],
        ['exit', 0, null],
      ],
      0,
    ],
    [
      '1 where one has not',
      [
        ['message', { kind: 'drained' }],
        ['message', { kind: 'draining' }],
      ],
      1,
    ],
    [
      '1 where one has ended by itself',
      [
        ['message', { kind: 'drained' }],
        ['exit', 1, null],
      ],
      1,
    ],
  ] as const)('ends with status %s, once the grace period is over', async (_told, says, status) => {
    const exits = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
    const { workers, tell, startBoth } = service();
    await startBoth();
    workers.end({ signal: 'SIGTERM' }).catch(() => {});
    for (const [at, [event, ...what]] of says.entries()) tell(at, event, ...what);
    await vi.advanceTimersByTimeAsync(999);
    expect(exits).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(exits).toHaveBeenCalledExactlyOnceWith(status);
    exits.mockRestore();
  });

  it('has them read the configuration again one after the other, and no further than the first that keeps it', async () => {
    const { workers, tell, startBoth } = service();
    const told = await startBoth();
    const reloading = workers.reload(1000);
    expect(told).toEqual([[0, { kind: 'reload' }]]);
    tell(0, 'message', { kind: 'reloaded', turned: true });
    await turn();
    expect(told).toEqual([
      [0, { kind: 'reload' }],
      [1, { kind: 'reload' }],
    ]);
    tell(1, 'exit', 1, null);
    expect(await reloading).toBe(true);
    const again = workers.reload(1000);
    tell(0, 'message', { kind: 'reloaded', turned: false });
    expect(await again).toBe(false);
  });

  it.each([
    ['the first', [0], [true, true], true],
    ['the second', [1], [true, true], true],
    ['both', [0, 1], [true, true], true],
    ['the first, and the second keeps the old one', [0], [true, false], false],
  ])('has one read it though another hangs for five seconds: %s', async (_which, hung, turns, outcome) => {
    const { lines, workers, tell, startBoth } = service();
    const told = await startBoth();
    const over: boolean[] = [];
    void workers.reload(1000).then((all) => over.push(all));
    for (let quarter = 0; quarter < 60 && over.length === 0; quarter += 1) {
      for (const at of [0, 1]) {
        // One that is well may need long, and says all the while that it is there.
        if (hung.includes(at)) continue;
        tell(at, 'message', { kind: 'counted', families: [] });
        if (quarter >= 25 && told.some(([to]) => to === at))
          tell(at, 'message', { kind: 'reloaded', turned: turns[at] });
      }
      await vi.advanceTimersByTimeAsync(250);
    }
    expect(over).toEqual([outcome]);
    expect(told).toEqual([
      [0, { kind: 'reload' }],
      [1, { kind: 'reload' }],
    ]);
    expect(lines.map(({ level, worker }) => [level, worker])).toEqual(hung.map((at) => [50, at + 1]));
    // Those that go on later may say so.
    for (const at of hung) tell(at, 'message', { kind: 'reloaded', turned: true });
  });

  it('has the others read it though one takes long to start, which is not said to hang', async () => {
    const { forked, lines, workers, tell, startBoth } = service();
    const told = await startBoth();
    tell(1, 'exit', 1, null);
    await vi.advanceTimersByTimeAsync(100);
    Object.assign(forked[2]!.worker, { isConnected: () => true, send: (order: unknown) => told.push([2, order]) });
    lines.length = 0;
    const reloading = workers.reload(1000);
    tell(0, 'message', { kind: 'reloaded', turned: true });
    await vi.advanceTimersByTimeAsync(5500);
    expect(await reloading).toBe(true);
    expect(told.at(-1)).toEqual([2, { kind: 'reload' }]);
    const msg = 'this worker takes long to start: it will have the new configuration';
    expect(lines).toMatchObject([{ level: 40, worker: 3, msg }]);
  });

  it('ends when the grace period is over, whatever hangs', async () => {
    const { workers, startBoth } = service();
    await startBoth();
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
    void workers.end({ signal: 'SIGTERM' });
    await vi.advanceTimersByTimeAsync(999);
    expect(exit).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
    exit.mockRestore();
  });

  it('waits longer and longer for one that cannot be started at all', async () => {
    const { forked, workers, tell } = service();
    const started = workers.start(4711);
    tell(0, 'message', { kind: 'listens', address: ADDRESS });
    await turn();
    for (const ms of [100, 200, 400]) {
      const { worker } = forked.at(-1)!;
      Object.assign(worker, { process: {} });
      worker.emit('error', new Error('EAGAIN'));
      await started;
      const before = forked.length;
      await vi.advanceTimersByTimeAsync(ms - 1);
      expect(forked).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(1);
      expect(forked).toHaveLength(before + 1);
    }
  });
});
