import { pino } from 'pino';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { adapters } from '../../adapters/index.ts';
import { commonOf, metricsEdition, openBoth, openEdition } from '../../src/cli/edition.ts';
import { Totals } from '../../src/observe/totals.ts';
import { parseConfig } from '../configured.ts';

/** What goes on by itself: timers that keep no process alive, too, handles, and listeners of the process. */
function goingOn(): object {
  return {
    timers: vi.getTimerCount(),
    handles: process.getActiveResourcesInfo().filter((kind) => kind.endsWith('Wrap')),
    listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
  };
}

/** How many connections of sources have been opened, and closed. */
function counted(): { opened: number; closed: number } {
  const counts = { opened: 0, closed: 0 };
  const rest = adapters['rest']!;
  const open = rest.open.bind(rest);
  vi.spyOn(rest, 'open').mockImplementation(async (options) => {
    const connection = await open(options);
    counts.opened += 1;
    const close = connection[Symbol.asyncDispose].bind(connection);
    return Object.assign(connection, {
      [Symbol.asyncDispose]() {
        counts.closed += 1;
        return close();
      },
    });
  });
  return counts;
}

/** Totals that take so many parts and no other one. */
function taking(parts: number): Totals {
  const totals = new Totals();
  let taken = 0;
  totals.add = () => ((taken += 1) > parts ? failing() : () => {});
  return totals;
}

function failing(): never {
  throw new Error('it cannot be opened');
}

describe('an edition that cannot be opened', () => {
  const SHOP = { adapter: 'rest', url: 'https://shop.example/' };
  const config = parseConfig({ server: { metricsPort: 0 }, sources: { shop: SHOP } });
  const { server, sources } = config;
  const callers = new Map([['nobody', undefined as never]]);
  // What is loaded once stays.
  beforeAll(async () => {
    const common = commonOf(config, {
      logger: pino({ enabled: false }),
      spans: undefined,
      onLoopback: true,
      tells: true,
    });
    for (const { close } of await openBoth(config, common)) await close?.();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it.each<[string, typeof openEdition | typeof openBoth | typeof metricsEdition, object, object]>([
    ['a source', openEdition, { sources: { ...sources, bad: { ...sources['shop'], url: 'nowhere' } } }, {}],
    [
      'a saved batch',
      openEdition,
      { batches: [{ file: '', name: 'bad', json: undefined, faults: [{ path: '', detail: '' }] }] },
      {},
    ],
    ['the app', openEdition, { server: { ...server, tls: { cert: 'none', key: 'none' } } }, {}],
    ['its callers', openEdition, { callers }, {}],
    ['a route', openEdition, { server: Object.defineProperty({ ...server }, 'adhoc', { get: failing }) }, {}],
    ['what it counts', openEdition, {}, { totals: taking(0) }],
    ['the port of the metrics', metricsEdition, { callers }, {}],
    ['the port of the metrics, which is ready', metricsEdition, {}, { totals: taking(0) }],
    ['the second of both', openBoth, {}, { totals: taking(1) }],
  ])('leaves no timer, handle, listener or source: %s', async (_what, open, wrong, shared) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const common = commonOf(config, {
      logger: pino({ enabled: false }),
      spans: undefined,
      onLoopback: true,
      tells: true,
    });
    const counts = counted();
    const before = goingOn();
    await expect(open({ ...config, ...wrong }, { ...common, ...shared })).rejects.toThrow();
    expect(goingOn()).toEqual(before);
    expect(counts).toEqual({ opened: open === metricsEdition ? 0 : 1, closed: counts.opened });
  });
});
