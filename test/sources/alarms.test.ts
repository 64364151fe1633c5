import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Alarms } from '../../src/sources/alarms.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** Somebody in the alarm of so many milliseconds from now on. */
function inAlarm(alarms: Alarms, ms: number, onTime = vi.fn<() => void>()) {
  const now = performance.now();
  const alarm = alarms.at(now + ms, now);
  const sleeper = { onTime };
  alarm.add(sleeper);
  return { alarm, onTime, leave: () => alarm.delete(sleeper) };
}

it('all of the same millisecond have one timer, and are told when it has come', () => {
  const alarms = new Alarms();
  const [first, second, third] = [9.2, 9.9, 11].map((ms) => inAlarm(alarms, ms));
  expect(vi.getTimerCount()).toBe(2);
  vi.advanceTimersByTime(9);
  expect(first?.onTime).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(first?.onTime).toHaveBeenCalledOnce();
  expect(second?.onTime).toHaveBeenCalledOnce();
  expect(third?.onTime).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(third?.onTime).toHaveBeenCalledOnce();
  expect(first?.onTime).toHaveBeenCalledOnce();
});

it('who has left is not told, and the last who leaves takes the timer with them', () => {
  const alarms = new Alarms();
  const [first, second] = [inAlarm(alarms, 10), inAlarm(alarms, 10)];
  first.leave();
  expect(vi.getTimerCount()).toBe(1);
  second.leave();
  second.leave();
  expect(vi.getTimerCount()).toBe(0);
  const again = inAlarm(alarms, 10);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(10);
  expect([first, second, again].map(({ onTime }) => onTime.mock.calls.length)).toEqual([0, 0, 1]);
});

it('one who is told may have another leave, and may wait again', () => {
  const alarms = new Alarms();
  const again = vi.fn<() => void>();
  const first = inAlarm(
    alarms,
    10,
    vi.fn(() => {
      second.leave();
      inAlarm(alarms, 0, again);
    }),
  );
  const second = inAlarm(alarms, 10);
  vi.advanceTimersByTime(10);
  first.leave();
  expect(again).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(again).toHaveBeenCalledOnce();
  expect(second.onTime).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
