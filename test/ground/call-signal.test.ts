import { describe, expect, it, vi } from 'vitest';
import { CallSignal } from '../../src/ground/call-signal.ts';
import { whenAborted } from '../../src/ground/when-aborted.ts';

describe('CallSignal', () => {
  it('tells its reason, and each who hears once, in the order in which they came', () => {
    const signal = new CallSignal();
    const heard: string[] = [];
    signal.hear(() => heard.push('a'));
    signal.addEventListener('abort', () => heard.push('b'));
    signal.addEventListener('abort', { handleEvent: () => heard.push('c') });
    signal.throwIfAborted();
    signal.abort('why');
    signal.abort('again');
    expect([signal.aborted, signal.reason, heard]).toEqual([true, 'why', ['a', 'b', 'c']]);
    expect(() => signal.throwIfAborted()).toThrow('why');
  });

  it.each([
    ['the first', [0]],
    ['the last', [3]],
    ['one in the middle', [1]],
    ['several, in any order', [3, 1, 2]],
    ['one of them twice', [1, 1]],
    ['all', [0, 1, 2, 3]],
  ])('does not tell %s once that is taken back, nor for that anybody else less', (_who, taken) => {
    const signal = new CallSignal();
    const heard: number[] = [];
    const takeBack = [0, 1, 2, 3].map((at) => signal.hear(() => heard.push(at)));
    for (const at of taken) takeBack[at]!();
    const later = signal.hear(() => heard.push(4));
    for (const at of taken) takeBack[at]!();
    signal.abort('why');
    expect(heard).toEqual([0, 1, 2, 3, 4].filter((at) => !taken.includes(at)));
    later();
  });

  it('does not tell who is taken back by one that is told before', () => {
    const signal = new CallSignal();
    const late = vi.fn();
    signal.hear(() => takeBack());
    const takeBack = signal.hear(late);
    signal.abort('why');
    expect(late).not.toHaveBeenCalled();
  });

  it.each<[string, AbortController | CallSignal, 'hear' | 'event']>([
    ['that hear', new CallSignal(), 'hear'],
    ['to its event', new CallSignal(), 'event'],
    ["that hear one of Node's", new AbortController(), 'hear'],
  ])('tells listeners %s though one before them throws, and warns of that', (_who, by, how) => {
    const signal = by instanceof CallSignal ? by : by.signal;
    const listen = (listener: () => void) =>
      how === 'hear' ? whenAborted(signal, listener) : signal.addEventListener('abort', listener);
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const fault = new Error('a fault of the listener');
    const heard: string[] = [];
    listen(() => heard.push('before'));
    listen(() => {
      throw fault;
    });
    listen(() => heard.push('after'));
    try {
      by.abort('why');
      expect(heard).toEqual(['before', 'after']);
      expect(warned.mock.calls).toEqual([[fault]]);
    } finally {
      warned.mockRestore();
    }
  });

  it('forgets a listener by itself, as drivers take it back', () => {
    const signal = new CallSignal();
    const [listener, unknown] = [vi.fn(), vi.fn()];
    signal.addEventListener('abort', listener);
    signal.removeEventListener('abort', unknown);
    signal.removeEventListener('abort', listener);
    signal.abort('why');
    expect(listener).not.toHaveBeenCalled();
  });
});
