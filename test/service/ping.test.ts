import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CodapError } from '../../src/errors.ts';
import { type Pingable, ping, pinger, readinessOf } from '../../src/service/ping.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const source = (answer: Pingable['ping']): Pingable => ({ name: 'shop', adapter: 'mongo', ping: answer });

it('a source that never answers is down after the time allowed, and its call aborted', async () => {
  let given!: AbortSignal;
  const found = ping(
    source((signal) => {
      given = signal;
      return new Promise(() => {});
    }),
    300,
  );
  await vi.advanceTimersByTimeAsync(299);
  expect(given.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await found).toEqual({ name: 'shop', adapter: 'mongo', status: 'down', ms: 300, code: 'TIMEOUT' });
  expect(given.aborted).toBe(true);
});

it('one that fails is down with its code, and tells nothing else', async () => {
  expect(await ping(source(() => Promise.reject(new CodapError('FORBIDDEN', 'refused'))))).toMatchObject({
    status: 'down',
    code: 'FORBIDDEN',
  });
  const found = await ping(source(() => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1'))));
  expect(found).toEqual({ name: 'shop', adapter: 'mongo', status: 'down', ms: 0, code: 'UNAVAILABLE' });
});

it('one that fails by our fault is down, and the cause is reported', async () => {
  const report = vi.fn();
  const bug = new TypeError('x is not a function');
  const found = await ping(
    source(() => Promise.reject(bug)),
    300,
    report,
  );
  expect(found).toMatchObject({ status: 'down', code: 'INTERNAL' });
  expect(report).toHaveBeenCalledWith('shop', expect.objectContaining({ code: 'INTERNAL', cause: bug }));
});

it('one that throws instead of rejecting is down', async () => {
  const thrower = source(() => {
    throw new CodapError('UNAVAILABLE', 'closed');
  });
  expect(await ping(thrower)).toMatchObject({ status: 'down', code: 'UNAVAILABLE' });
});

it('what was found is repeated for a while, then asked again', async () => {
  const answer = vi.fn(() => Promise.resolve());
  const pings = pinger([source(answer)]);
  await pings();
  await vi.advanceTimersByTimeAsync(1999);
  await pings();
  expect(answer).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await pings()).toMatchObject([{ status: 'up' }]);
  expect(answer).toHaveBeenCalledTimes(2);
});

it('leaves no timer behind', async () => {
  await ping(source(() => Promise.resolve()));
  expect(vi.getTimerCount()).toBe(0);
});

const UP = { status: 'up' } as const;
const DEAD = { status: 'down', code: 'UNAVAILABLE' } as const;
const TURNED_AWAY = { status: 'down', code: 'CIRCUIT_OPEN' };
it.each([
  ['answers', UP, 0, UP],
  ['answers', UP, 1, TURNED_AWAY],
  ['answers that it refuses', { ...UP, answered: 401 }, 0, UP],
  ['does not answer', DEAD, 0, DEAD],
  ['does not answer', DEAD, 1, TURNED_AWAY],
])('what a store is called that %s (%o), with its circuit open: %d', (_how, found, open, told) => {
  const breaker = { name: 'breaker', wrap: (next: never) => next, state: () => ({ open }) };
  const pinged = { name: 'shop', adapter: 'mongo', ms: 1 };
  const readiness = readinessOf({ ...pinged, ...found }, [breaker]);
  expect(readiness).toEqual({ ...pinged, ...told, layers: { breaker: { open } } });
});
