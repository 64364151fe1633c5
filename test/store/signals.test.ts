import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { CodapError } from '../../src/errors.ts';
import { untilAborted, untilLetIn } from '../../src/store/signals.ts';
import { whenAborted } from '../../src/ground/when-aborted.ts';

const late = new CodapError('TIMEOUT', 'no answer within the time allowed');

function listening({ signal }: AbortController): number {
  return getEventListeners(signal, 'abort').length;
}

describe('whenAborted', () => {
  it('hears once of an abort that comes', () => {
    const controller = new AbortController();
    let heard = 0;
    whenAborted(controller.signal, () => (heard += 1));
    expect(heard).toBe(0);
    controller.abort();
    expect(heard).toBe(1);
    expect(listening(controller)).toBe(0);
  });

  it('hears at once of one that has been', () => {
    let heard = 0;
    whenAborted(AbortSignal.abort(), () => (heard += 1))();
    expect(heard).toBe(1);
  });

  it('hears nothing, and leaves nothing, once it was taken back', () => {
    const controller = new AbortController();
    let heard = 0;
    whenAborted(controller.signal, () => (heard += 1))();
    expect(listening(controller)).toBe(0);
    controller.abort();
    expect(heard).toBe(0);
  });
});

describe('untilAborted', () => {
  it.each<[string, () => Promise<unknown>, object]>([
    ['a result', () => Promise.resolve(1), { status: 'fulfilled', value: 1 }],
    ['a failure', () => Promise.reject(late), { status: 'rejected', reason: late }],
  ])('passes %s on and leaves no listener', async (_name, call, outcome) => {
    const controller = new AbortController();
    const [settled] = await Promise.allSettled([untilAborted(controller.signal, call)]);
    expect(settled).toEqual(outcome);
    expect(listening(controller)).toBe(0);
  });

  it.each<[string, unknown, object]>([
    ['the reason', late, late],
    ['CANCELLED for a reason that may not be shown', new Error('10.0.0.1'), { code: 'CANCELLED' }],
  ])('rejects with %s as soon as the signal aborts, and discards what comes later', async (_name, reason, error) => {
    const controller = new AbortController();
    const call = Promise.withResolvers<string>();
    const discarded = Promise.withResolvers<string>();
    const waiting = untilAborted(controller.signal, () => call.promise, discarded.resolve);
    controller.abort(reason);
    await expect(waiting).rejects.toMatchObject(error);
    call.resolve('late');
    expect(await discarded.promise).toBe('late');
  });

  it('does not call where the signal has aborted', async () => {
    const call = () => Promise.reject(new Error('called'));
    await expect(untilAborted(AbortSignal.abort(late), call)).rejects.toBe(late);
  });
});

describe('untilLetIn', () => {
  it.each<[string, (enter: () => void) => void]>([
    ['at once', (enter) => enter()],
    ['later', (enter) => setImmediate(enter)],
  ])('resolves when it is let in %s, and leaves no listener', async (_name, admit) => {
    const controller = new AbortController();
    const line = new Set<() => void>();
    await untilLetIn(controller.signal, (enter) => {
      line.add(enter);
      admit(enter);
      return () => line.delete(enter);
    });
    expect(listening(controller)).toBe(0);
  });

  it('leaves the line and rejects when the signal aborts', async () => {
    const controller = new AbortController();
    const line = new Set<() => void>();
    const waiting = untilLetIn(controller.signal, (enter) => {
      line.add(enter);
      return () => line.delete(enter);
    });
    expect(line.size).toBe(1);
    controller.abort(late);
    await expect(waiting).rejects.toBe(late);
    expect(line.size).toBe(0);
  });

  it('does not join where the signal has aborted', async () => {
    const join = () => {
      throw new Error('joined');
    };
    await expect(untilLetIn(AbortSignal.abort(late), join)).rejects.toBe(late);
  });
});
