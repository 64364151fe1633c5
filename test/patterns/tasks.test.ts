import { getEventListeners, once } from 'node:events';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { collect } from './collect.ts';
import { collectGarbage } from './collect-garbage.ts';
import { EACH, type Common } from './each-pattern.ts';

const broken = async () => Promise.reject(new Error('broken'));

/** What `process` emits under `event` until a turn of the loop after `work`. */
async function emitted(event: 'unhandledRejection' | 'warning', work: () => unknown): Promise<unknown[]> {
  const seen: unknown[] = [];
  const listener = (what: unknown) => void seen.push(what);
  process.on(event, listener);
  await work();
  await turn();
  await turn();
  process.off(event, listener);
  return seen;
}

describe.each(EACH)('%s: failures', (_, make) => {
  it('a failing task rejects only its own reading', async () => {
    const { push } = make();
    const [a, b, c] = [push(async () => 1), push(broken), push(async () => 3)];
    expect([await a, await c]).toEqual([1, 3]);
    await expect(b).rejects.toThrow('broken');
  });

  it('a task that throws at once rejects its own reading alone, and push does not throw', async () => {
    const { push } = make();
    const thrower = push(() => {
      throw new Error('at once');
    });
    expect(await push(() => 2)).toBe(2);
    await expect(thrower).rejects.toThrow('at once');
  });

  it('a failure in a loop cancels nothing', async () => {
    const { pattern, push, slot, loop } = make();
    push(broken);
    const rest = slot();
    await expect(collect(loop())).rejects.toThrow('broken');
    expect(pattern.signal.aborted).toBe(false);
    rest.fill(2);
    expect(await rest).toBe(2);
  });

  it('a failure that nobody reads raises no unhandled rejection', async () => {
    const unhandled = await emitted('unhandledRejection', () => {
      const { push, slot } = make();
      push(broken);
      slot().fail(new Error('by hand'));
      slot().fill(Promise.reject(new Error('a promise')));
      const filled = slot();
      filled.fill(1);
      filled.fill(Promise.reject(new Error('too late')));
    });
    expect(unhandled).toEqual([]);
  });

  it('a slot that is filled does not ask what it is given after that', async () => {
    const { slot } = make();
    const filled = slot();
    filled.fill(1);
    const asked = vi.fn();
    filled.fill(
      // oxlint-disable-next-line unicorn/no-thenable -- nobody is to ask for it
      Object.defineProperty({}, 'then', {
        get: () => {
          asked();
          throw new Error('a getter');
        },
      }) as Promise<number>,
    );
    await turn();
    expect(asked).not.toHaveBeenCalled();
    expect(await filled).toBe(1);
  });

  it('a reading that is begun and dropped raises no unhandled rejection', async () => {
    const unhandled = await emitted('unhandledRejection', () => {
      const { pattern, push, loop } = make();
      push(broken);
      if ('get' in pattern) void [pattern.get('0'), pattern.get('none'), pattern.toObject(), [...pattern]];
      else void [pattern.at(0), pattern.at(-9)];
      if ('slice' in pattern) void pattern.slice();
      void loop()[Symbol.asyncIterator]().next();
      if ('next' in pattern) {
        push(broken);
        void pattern.next();
      }
    });
    expect(unhandled).toEqual([]);
  });

  it('whatever cancel rejects raises no unhandled rejection', async () => {
    const unhandled = await emitted('unhandledRejection', () => {
      const { pattern, push, slot } = make({ concurrency: 1 });
      slot();
      push(async () => turn(1));
      push(async () => 2);
      pattern.cancel();
    });
    expect(unhandled).toEqual([]);
  });
});

describe.each(EACH)('%s: starting', (_, make) => {
  it('a task starts in the turn in which it is pushed', () => {
    let started = false;
    make().push(async () => Number((started = true)));
    expect(started).toBe(true);
  });

  it('at most `concurrency` tasks run at once, started in the order pushed', async () => {
    const { push } = make({ concurrency: 2 });
    const started: number[] = [];
    const ends: (() => void)[] = [];
    const handles = [0, 1, 2, 3, 4].map((n) =>
      push(() => {
        started.push(n);
        return new Promise((resolve) => (ends[n] = () => resolve(n)));
      }),
    );
    expect(started).toEqual([0, 1]);
    ends[1]?.();
    await handles[1];
    expect(started).toEqual([0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await Promise.all([handles[0], handles[2]]);
    expect(started).toEqual([0, 1, 2, 3, 4]);
    ends[3]?.();
    ends[4]?.();
    expect(await Promise.all(handles)).toEqual([0, 1, 2, 3, 4]);
  });

  it('a failure makes room, thrown at once or later', async () => {
    const { push } = make({ concurrency: 1 });
    push(broken);
    push(() => {
      throw new Error('at once');
    });
    expect(await push(async () => 3)).toBe(3);
  });

  it('100,000 tasks that end at once do not overflow the stack under concurrency 1', async () => {
    const { push } = make({ concurrency: 1 });
    push(async () => 0);
    for (let n = 1; n < 100_000; n++) push(() => n);
    expect(await push(() => 7)).toBe(7);
  });

  it.each([
    ['that end at once', (n: number) => n],
    ['that end later', async (n: number) => n],
  ])('20,000 tasks %s, each pushed by the one before, start in their order, in one turn', async (_how, end) => {
    const { pattern, push, loop } = make();
    const started: number[] = [];
    let pushed = 0;
    const pushNext = () => {
      if (pushed === 20_000) return;
      const n = pushed++;
      push(() => {
        started.push(n);
        pushNext();
        // Most of these wait until those before have left the stack, and keep their place.
        if (n % 100 === 0) pushNext();
        return end(n);
      });
    };
    pushNext();
    expect(started).toEqual(Array.from({ length: 20_000 }, (_one, n) => n));
    await pattern.allSettled();
    expect((await collect(loop())).length).toBe(20_000);
  });

  it('a slot takes up no room', async () => {
    const { push, slot } = make({ concurrency: 1 });
    slot();
    expect(await push(async () => 1)).toBe(1);
  });

  it('a task may push others while it starts', async () => {
    const { push } = make();
    let inner: PromiseLike<number> | undefined;
    const outer = push(() => {
      inner = push(async () => 1);
      return 0;
    });
    expect([await outer, await inner]).toEqual([0, 1]);
  });

  it.each([
    ['ends at once', () => 0],
    [
      'fails at once',
      () => {
        throw new Error('at once');
      },
    ],
  ])('what a task pushes that %s starts behind it under concurrency 1', async (_how, end) => {
    const { pattern, push } = make({ concurrency: 1 });
    const inner: PromiseLike<number>[] = [];
    const outer = push(() => {
      inner.push(
        push(() => {
          inner.push(push(async () => 2));
          return 1;
        }),
      );
      return end();
    });
    await pattern.allSettled();
    expect(await Promise.all(inner)).toEqual([1, 2]);
    expect(await Promise.allSettled([outer])).toHaveLength(1);
  });

  it('a slot that is filled with itself fails', async () => {
    const { slot } = make();
    const own = slot();
    own.fill(own);
    await expect(own).rejects.toThrow(TypeError);
  });

  it('a signal or concurrency that is undefined is none', async () => {
    const { push } = make({ signal: undefined, concurrency: undefined });
    expect(await Promise.all([push(async () => 1), push(async () => 2)])).toEqual([1, 2]);
  });

  it.each([0, -1, 1.5, NaN])('concurrency %d is a RangeError', (concurrency) => {
    expect(() => make({ concurrency })).toThrow(RangeError);
  });

  it.each([new AbortController(), {}, true, 'signal', () => {}])(
    'a signal that is none (%o) is a TypeError at once, not a key that hangs',
    (signal) => {
      expect(() => make({ signal: signal as AbortSignal })).toThrow(TypeError);
    },
  );
});

describe.each(EACH)('%s: cancelling', (_, make) => {
  it('leaving a loop early aborts `signal`, keeps what had arrived and rejects the rest with AbortError', async () => {
    const { pattern, push, slot, loop } = make();
    const { signal } = pattern;
    const [first, second, rest] = [push(() => 1), push(() => 2), slot()];
    for await (const value of loop()) {
      expect([value].flat().at(-1)).toBe(1);
      break;
    }
    expect(signal.aborted).toBe(true);
    expect([await first, await second]).toEqual([1, 2]);
    await expect(rest).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('an error thrown inside a loop leaves it early too', async () => {
    const { push, slot, loop } = make();
    push(() => 1);
    const rest = slot();
    const reading = async () => {
      for await (const _ of loop()) throw new Error('mine');
    };
    await expect(reading()).rejects.toThrow('mine');
    await expect(rest).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('what is given to a generator that delegates to a loop, as it is left early, comes back', async () => {
    const { push, loop } = make();
    push(() => 1);
    const reading = (async function* (): AsyncGenerator<unknown, string> {
      yield* loop();
      return 'read to its end';
    })();
    await reading.next();
    expect(await reading.return('mine')).toEqual({ done: true, value: 'mine' });
  });

  it('an error thrown into what delegates to a loop leaves it early too, and stays what it was', async () => {
    const { push, slot, loop } = make();
    push(() => 1);
    const rest = slot();
    const reading = (async function* () {
      yield* loop();
    })();
    await reading.next();
    const mine = new Error('mine');
    await expect(reading.throw(mine)).rejects.toBe(mine);
    await expect(rest).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('leaving a loop when everything has arrived cancels nothing, and more can be pushed', async () => {
    const { pattern, push, loop } = make();
    push(() => 1);
    push(() => 2);
    for await (const _ of loop()) break;
    expect(pattern.signal.aborted).toBe(false);
    expect(await push(async () => 3)).toBe(3);
  });

  it('leaving a loop that waits ends the waiting', async () => {
    const { slot, loop } = make();
    slot();
    slot();
    const iterator = loop()[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await iterator.return?.();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect((await iterator.next()).done).toBe(true);
  });

  it('a loop that is read to its end leaves `signal` alone', async () => {
    const { pattern, push, loop } = make();
    push(async () => 1);
    await collect(loop());
    expect(pattern.signal.aborted).toBe(false);
  });

  it('cancel rejects with its reason, and queued tasks never start', async () => {
    const { pattern, push, slot } = make({ concurrency: 1 });
    const hand = slot();
    const running = push(async () => hand);
    let started = false;
    const queued = push(async () => Number((started = true)));
    pattern.cancel(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await expect(queued).rejects.toThrow('enough');
    expect([started, pattern.signal.aborted, (pattern.signal.reason as Error).message]).toEqual([
      false,
      true,
      'enough',
    ]);
  });

  it('after cancel nothing starts, and what is pushed rejects with the reason of the first cancel', async () => {
    const { pattern, push, slot } = make();
    pattern.cancel(new Error('first'));
    pattern.cancel(new Error('second'));
    let started = false;
    await expect(push(async () => Number((started = true)))).rejects.toThrow('first');
    await expect(slot()).rejects.toThrow('first');
    expect(started).toBe(false);
  });

  it('a task that ends after cancel changes nothing', async () => {
    const { pattern, push } = make();
    let end: ((n: number) => void) | undefined;
    const handle = push(() => new Promise((resolve) => (end = resolve)));
    pattern.cancel(new Error('enough'));
    end?.(1);
    await turn();
    await expect(handle).rejects.toThrow('enough');
  });

  it('an outer abort cancels with its reason, and reaches the tasks by `signal`', async () => {
    const outer = new AbortController();
    const { pattern, push } = make({ signal: outer.signal });
    let heard: unknown;
    const handle = push(() => {
      pattern.signal.addEventListener('abort', () => (heard = pattern.signal.reason));
      return new Promise(() => {});
    });
    outer.abort(new Error('outer'));
    await expect(handle).rejects.toThrow('outer');
    expect(heard).toEqual(new Error('outer'));
  });

  it('an outer signal that had aborted, before or between tasks, lets nothing start', async () => {
    const outer = new AbortController();
    const { pattern, push } = make({ signal: outer.signal });
    expect(await push(() => 1)).toBe(1);
    outer.abort();
    await expect(push(() => 2)).rejects.toMatchObject({ name: 'AbortError' });
    expect(pattern.signal.aborted).toBe(true);
    expect(make({ signal: outer.signal }).pattern.signal.aborted).toBe(true);
  });

  it('1,000 instances on one outer signal hold one listener while they run, none after, and raise no warning', async () => {
    const outer = new AbortController();
    const listeners = () => getEventListeners(outer.signal, 'abort').length;
    const warnings = await emitted('warning', async () => {
      const all = Array.from({ length: 1000 }, () => make({ signal: outer.signal }));
      const slots = all.flatMap(({ slot }) => [slot(), slot()]);
      const readings = all.map(({ loop }) => collect(loop()));
      expect(listeners()).toBe(1);
      for (const slot of slots.splice(2)) slot.fill(slot.index);
      expect(listeners()).toBe(1);
      for (const slot of slots) slot.fill(slot.index);
      expect(listeners()).toBe(0);
      await Promise.all(readings);
      expect(listeners()).toBe(0);
    });
    expect(warnings).toEqual([]);
  });

  it('an outer signal that was listened to before is listened to again', async () => {
    const outer = new AbortController();
    make({ signal: outer.signal }).slot().fill(1);
    const waiting = make({ signal: outer.signal }).slot();
    outer.abort(new Error('outer'));
    await expect(waiting).rejects.toThrow('outer');
  });

  it('cancel leaves no listener on the outer signal', () => {
    const outer = new AbortController();
    const { pattern, slot } = make({ signal: outer.signal });
    slot();
    pattern.cancel();
    expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
  });
});

describe.each(EACH)('%s: its signal, given to others', (_, make) => {
  const REASON = new Error('outer');

  it.each<[string, (common: Common) => AbortSignal | Promise<AbortSignal>]>([
    ['taken before anything was pushed', ({ pattern }) => pattern.signal],
    [
      'taken while a task runs',
      ({ pattern, slot }) => {
        slot();
        return pattern.signal;
      },
    ],
    [
      'taken before all settled',
      async ({ pattern, push }) => {
        const { signal } = pattern;
        await push(async () => 1);
        return signal;
      },
    ],
    [
      'taken when all has settled',
      async ({ pattern, push }) => {
        await push(async () => 1);
        return pattern.signal;
      },
    ],
    ['of one within another', ({ pattern }) => make({ signal: pattern.signal }).pattern.signal],
  ])('%s, it aborts with the outer one, and nobody has to look', async (_when, taken) => {
    const outer = new AbortController();
    const signal = await taken(make({ signal: outer.signal }));
    let heard = 0;
    signal.addEventListener('abort', () => (heard += 1));
    outer.abort(REASON);
    expect([signal.aborted, signal.reason, heard]).toEqual([true, REASON, 1]);
  });

  it('a pattern within the loop of one that has settled is cancelled by the outer signal', async () => {
    const outer = new AbortController();
    const { pattern, push, loop } = make({ signal: outer.signal });
    push(async () => 1);
    for await (const _one of loop()) {
      const inner = make({ signal: pattern.signal }).slot();
      outer.abort(REASON);
      await expect(inner).rejects.toBe(REASON);
    }
  });

  it('aborts with the reason of its own cancel, also where the outer one aborts after that', () => {
    const outer = new AbortController();
    const { pattern } = make({ signal: outer.signal });
    pattern.cancel(REASON);
    outer.abort();
    expect(pattern.signal.reason).toBe(REASON);
  });

  it.each<[string, (common: Common) => AbortSignal | Promise<AbortSignal>]>([
    ['taken before anything was pushed', ({ pattern }) => pattern.signal],
    [
      'taken before all settled',
      async ({ pattern, push }) => {
        const { signal } = pattern;
        await push(async () => 1);
        return signal;
      },
    ],
    [
      'of one within another that has settled',
      async ({ pattern, push }) => {
        const { signal } = make({ signal: pattern.signal }).pattern;
        await push(async () => 1);
        return signal;
      },
    ],
    [
      'given to one that has not settled, within another that has',
      async ({ pattern, push }) => {
        const inner = make({ signal: pattern.signal });
        await push(async () => 1);
        inner.slot();
        return inner.pattern.signal;
      },
    ],
  ])('%s, it aborts with an outer time-out that nobody else holds', async (_when, taken) => {
    const signal = await taken(make({ signal: AbortSignal.timeout(30) }));
    const aborted = once(signal, 'abort');
    await turn();
    collectGarbage();
    await Promise.race([aborted, sleep(300)]);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('holds none of those of others between it and an outer time-out', async () => {
    let signal: AbortSignal = AbortSignal.timeout(60_000);
    const held: WeakRef<AbortSignal>[] = [];
    for (let depth = 0; depth < 100; depth += 1) {
      const { pattern, push } = make({ signal });
      signal = pattern.signal;
      held.push(new WeakRef(signal));
      await push(async () => 1);
    }
    await turn();
    collectGarbage();
    expect(held.filter((one) => one.deref()).length).toBeLessThan(10);
    expect(signal.aborted).toBe(false);
  });

  it('an outer one that lives long holds none of them', async () => {
    const outer = new AbortController();
    const held: WeakRef<object>[] = [];
    for (let round = 0; round < 100; round += 1) {
      const { pattern, push } = make({ signal: outer.signal });
      held.push(new WeakRef(pattern), new WeakRef(pattern.signal));
      await push(async () => 1);
    }
    await turn();
    collectGarbage();
    // The engine may still hold the one or other.
    expect(held.filter((one) => one.deref()).length).toBeLessThan(10);
  });
});

describe.each(EACH)('%s: reading ahead', (name, make) => {
  it.each([0, 1, 2, 3, 5])('as many as %d calls of next at once more than there are end', async (more) => {
    const { slot, loop } = make();
    const slots = [slot(), slot(), slot()];
    const reading = loop()[Symbol.asyncIterator]();
    const calls = Array.from({ length: slots.length + more }, () => reading.next());
    for (const index of [2, 0, 1]) {
      slots[index]?.fill(index);
      await turn();
    }
    const read = (await Promise.all(calls)).map(({ done, value }) => (done ? 'done' : [value].flat().at(-1)));
    const order = name === 'Ordered' ? [0, 1, 2] : [2, 0, 1];
    expect(read).toEqual([...order, ...Array.from({ length: more }, () => 'done')]);
  });

  it('a failure is that of its own call alone', async () => {
    const { push, slot, loop } = make();
    const reading = loop()[Symbol.asyncIterator]();
    push(() => 1);
    push(broken);
    const last = slot();
    const calls = [reading.next(), reading.next(), reading.next(), reading.next()];
    await turn();
    last.fill(3);
    const read = await Promise.allSettled(calls);
    expect(read.map((one) => (one.status === 'rejected' ? 'broken' : [one.value.value].flat().at(-1)))).toEqual([
      1,
      'broken',
      3,
      undefined,
    ]);
  });

  it('the calls that wait end when the loop is left', async () => {
    const { slot, loop } = make();
    slot();
    slot();
    const reading = loop()[Symbol.asyncIterator]();
    const calls = [reading.next(), reading.next(), reading.next()];
    await turn();
    await reading.return?.();
    const read = await Promise.allSettled(calls);
    expect(read.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });
});

describe.each(EACH)('%s: waiting for all', (_, make) => {
  it('allSettled resolves at once where nothing runs', async () => {
    const { pattern, push } = make();
    await pattern.allSettled();
    push(() => 1);
    await pattern.allSettled();
  });

  it('allSettled waits for what is added meanwhile, and failures count as settled', async () => {
    const { pattern, push, slot } = make();
    const [first, second] = [slot(), slot()];
    let settled = false;
    const all = pattern.allSettled().then(() => (settled = true));
    push(broken);
    first.fill(1);
    await turn();
    expect(settled).toBe(false);
    second.fill(2);
    await all;
  });

  it('allSettled resolves when what still runs is cancelled', async () => {
    const { pattern, slot } = make();
    slot();
    const all = pattern.allSettled();
    pattern.cancel();
    await all;
  });
});
