import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { processMemory } from '../../src/budget/memory.ts';
import { CodapError, notNeeded } from '../../src/errors.ts';
import { KeptContents } from '../../src/sources/kept-contents.ts';
import type { ContentsBounds } from '../../src/sources/open.ts';
import { failed } from '../adapters/failed.ts';

const BROKEN = new CodapError('UNAVAILABLE', 'told to fail');
const staying = new AbortController().signal;

/** A look that waits until a test says what it finds. */
interface Asked extends ContentsBounds {
  readonly find: (found: object) => void;
  readonly fail: (error: unknown) => void;
}

describe('what is in a source', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  function looking() {
    const looks: Asked[] = [];
    const memory = processMemory(1000);
    const contents = (bounds: ContentsBounds): Promise<object> => {
      const { promise, resolve, reject } = Promise.withResolvers<object>();
      bounds.memory.hold(10);
      looks.push({ ...bounds, find: resolve, fail: reject });
      return promise;
    };
    return { looks, memory, kept: new KeptContents(contents, memory, 500) };
  }

  it('is looked for once by all who ask at the same time, and told for a minute', async () => {
    const { looks, memory, kept } = looking();
    const asked = [kept.tell(staying), kept.tell(staying)];
    expect(looks[0]!.deadline).toBe(performance.now() + 500);
    const first = { a: 1 };
    looks[0]!.find(first);
    expect(await Promise.all(asked)).toEqual([first, first]);
    expect(memory.held).toBe(0);
    vi.advanceTimersByTime(59_999);
    expect(await kept.tell(staying)).toBe(first);
    expect(looks).toHaveLength(1);
    expect(looks[0]!.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    const again = kept.tell(staying);
    expect(looks).toHaveLength(2);
    looks[1]!.find({ a: 2 });
    expect(await again).toEqual({ a: 2 });
  });

  it('is looked for again after a look that failed, of which nothing goes on', async () => {
    const { looks, memory, kept } = looking();
    const asked = [failed(kept.tell(staying)), failed(kept.tell(staying))];
    looks[0]!.fail(BROKEN);
    expect(await Promise.all(asked)).toEqual([BROKEN, BROKEN]);
    expect([looks[0]!.signal.aborted, memory.held]).toEqual([true, 0]);
    const again = kept.tell(staying);
    looks[1]!.find({});
    expect(await again).toEqual({});
  });

  it.each([
    ['another one where a part of it failed that may be asked again', BROKEN, 2],
    ['the same where a part of it failed for good', new CodapError('FORBIDDEN', 'told to refuse'), 1],
  ])('is, to who asks later, %s', async (_, failure, times) => {
    const { looks, memory, kept } = looking();
    const asked = [kept.tell(staying), kept.tell(staying)];
    looks[0]!.failed(failure);
    const first = { a: 1 };
    looks[0]!.find(first);
    expect(await Promise.all(asked)).toEqual([first, first]);
    expect([looks[0]!.signal.aborted, memory.held]).toEqual([false, 0]);
    const again = kept.tell(staying);
    expect(looks).toHaveLength(times);
    looks[1]?.find({ a: 2 });
    expect(await again).toEqual({ a: times });
    expect(await kept.tell(staying)).toEqual({ a: times });
  });

  it('is told to those who stay where another one leaves', async () => {
    const { looks, kept } = looking();
    const leaving = new AbortController();
    const reason = notNeeded();
    const left = failed(kept.tell(leaving.signal));
    const stayed = kept.tell(staying);
    leaving.abort(reason);
    expect(await left).toBe(reason);
    expect(looks[0]!.signal.aborted).toBe(false);
    looks[0]!.find({ a: 1 });
    expect(await stayed).toEqual({ a: 1 });
  });

  it('is no longer looked for once the last one has left, and looked for anew by who comes then', async () => {
    const { looks, memory, kept } = looking();
    const leaving = new AbortController();
    const left = [failed(kept.tell(leaving.signal)), failed(kept.tell(leaving.signal))];
    leaving.abort(notNeeded());
    await Promise.all(left);
    expect([looks[0]!.signal.aborted, memory.held]).toEqual([true, 0]);
    const again = kept.tell(staying);
    looks[0]!.fail(notNeeded());
    looks[1]!.find({ a: 2 });
    expect(await again).toEqual({ a: 2 });
    expect(await kept.tell(staying)).toEqual({ a: 2 });
    expect(looks).toHaveLength(2);
  });

  it('stays told where somebody has left after it was found', async () => {
    const { looks, kept } = looking();
    const leaving = new AbortController();
    const asked = kept.tell(leaving.signal);
    looks[0]!.find({ a: 1 });
    await asked;
    leaving.abort(notNeeded());
    expect(await kept.tell(staying)).toEqual({ a: 1 });
    await failed(kept.tell(leaving.signal));
    expect(await kept.tell(staying)).toEqual({ a: 1 });
    expect(looks).toHaveLength(1);
  });
});
