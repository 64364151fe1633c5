import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { KV, type Handle, type Keyed, type Slot } from '../../src/patterns/index.ts';
import { collectGarbage } from './collect-garbage.ts';
import { collect } from './collect.ts';

interface Photo {
  url: string;
}

function getPhotos(id: string, options: { limit: number }): Promise<Photo[]> {
  return Promise.resolve(Array.from({ length: options.limit }, (_, n) => ({ url: `${id}/${n}` })));
}

/** All that a loop yields that is asked for so many at once. */
async function readAhead(kv: KV<number>, atOnce: number): Promise<number[]> {
  const reading = kv[Symbol.asyncIterator]();
  const seen: number[] = [];
  for (;;) {
    const read = await Promise.all(Array.from({ length: atOnce }, () => reading.next()));
    for (const { done, value } of read) {
      if (done) return seen;
      seen.push(value[1]);
    }
  }
}

describe('KV', () => {
  it('set takes a task, a promise or a value', async () => {
    const kv = new KV();
    kv.set('task', async () => 1)
      .set('promise', Promise.resolve(2))
      .set('value', 3);
    expect(await Promise.all(['task', 'promise', 'value'].map((key) => kv.get(key)))).toEqual([1, 2, 3]);
  });

  it('put passes all arguments to its task', async () => {
    const kv = new KV();
    kv.put('cats', getPhotos, 'cat', { limit: 4 });
    expect(await kv.get('cats')).toEqual([0, 1, 2, 3].map((n) => ({ url: `cat/${n}` })));
  });

  it('put returns a handle that can be awaited and knows its key and index', async () => {
    const kv = new KV<number>();
    kv.set('first', 1);
    const handle = kv.put('second', async (n: number) => n * 2, 21);
    expect([handle.key, handle.index, await handle]).toEqual(['second', 1, 42]);
  });

  it('reading waits for that key alone', async () => {
    const kv = new KV<number>();
    kv.put('never');
    kv.set('now', async () => 1);
    expect(await kv.get('now')).toBe(1);
  });

  it('reading may be repeated and runs the task once', async () => {
    const kv = new KV<number>();
    let runs = 0;
    kv.set('foo', async () => ++runs);
    expect([await kv.get('foo'), await kv.get('foo'), await kv.get('foo')]).toEqual([1, 1, 1]);
  });

  it('reading a key under which nothing was put rejects and names it', async () => {
    const kv = new KV();
    await expect(kv.get('toString')).rejects.toThrow(new RangeError('nothing was put under the key "toString"'));
  });

  it('put without a task opens a slot, filled by hand', async () => {
    const kv = new KV<string>();
    const slot = kv.put('slot');
    const reading = kv.get('slot');
    slot.fill('by hand');
    expect([await reading, await slot]).toEqual(['by hand', 'by hand']);
  });

  it('a slot takes a promise, or an error', async () => {
    const kv = new KV<string>();
    kv.put('later').fill(Promise.resolve('there'));
    kv.put('broken').fail(new Error('no'));
    expect(await kv.get('later')).toBe('there');
    await expect(kv.get('broken')).rejects.toThrow('no');
  });

  it('a slot keeps what it was given first', async () => {
    const kv = new KV<string>();
    const slot = kv.put('slot');
    slot.fill(Promise.resolve('first'));
    slot.fill('second');
    slot.fail(new Error('third'));
    expect(await slot).toBe('first');
  });

  it('has, size and keys tell what was put, settled or not', () => {
    const kv = new KV();
    kv.put('open');
    kv.set('there', 1);
    expect([kv.has('open'), kv.has('constructor'), kv.size, [...kv.keys()]]).toEqual([
      true,
      false,
      2,
      ['open', 'there'],
    ]);
  });

  it('spreads into entries of promises, for a template that awaits', async () => {
    const kv = new KV<number>();
    kv.set('a', async () => 1).set('b', 2);
    const context = Object.fromEntries(kv);
    expect([await context['a'], await context['b']]).toEqual([1, 2]);
    expect([...kv.entries()].map(([key]) => key)).toEqual(['a', 'b']);
    expect(await new Map(kv).get('b')).toBe(2);
  });

  it('toObject waits for all values, to spread into a template context', async () => {
    const kv = new KV<number>();
    kv.set('a', async () => 1).set('b', 2);
    expect({ title: 'cats', ...(await kv.toObject()) }).toEqual({ title: 'cats', a: 1, b: 2 });
  });

  it('toObject rejects with the failure of a key', async () => {
    const kv = new KV<number>();
    kv.set('a', 1).set('b', async () => Promise.reject(new Error('b broke')));
    await expect(kv.toObject()).rejects.toThrow('b broke');
  });

  it('__proto__ and constructor are keys like any other', async () => {
    const kv = new KV<number>();
    kv.set('__proto__', 1).set('constructor', 2);
    const object = await kv.toObject();
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(Object.entries(object)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
    expect(await kv.get('__proto__')).toBe(1);
  });

  it('a loop yields keys with values in order of arrival, each time from the first', async () => {
    const kv = new KV<number>();
    const [a, b, c] = [kv.put('a'), kv.put('b'), kv.put('c')];
    const reading = collect(kv);
    c.fill(3);
    a.fill(1);
    b.fill(2);
    const arrived = [
      ['c', 3],
      ['a', 1],
      ['b', 2],
    ];
    expect([await reading, await collect(kv)]).toEqual([arrived, arrived]);
  });

  it('a loop also yields what is put while it runs', async () => {
    const kv = new KV<number>();
    kv.set('3', 3);
    for await (const [, n] of kv) if (n > 0) kv.set(String(n - 1), async () => n - 1);
    expect([...kv.keys()]).toEqual(['3', '2', '1', '0']);
  });

  it('a key put again is replaced; the former handle still gets its result', async () => {
    const kv = new KV<string>();
    const former = kv.put('key');
    kv.set('other', 'other').set('key', 'new');
    expect([await kv.get('key'), kv.size]).toEqual(['new', 2]);
    former.fill('old');
    expect([await former, await kv.get('key')]).toEqual(['old', 'new']);
    expect(await collect(kv)).toEqual([
      ['other', 'other'],
      ['key', 'new'],
    ]);
  });

  it('a key that is deleted is not there; who holds the handle still gets its result', async () => {
    const kv = new KV<string>();
    const handle = kv.put('slot');
    kv.set('there', 'value').set('other', 'other');
    expect(['slot', 'there', 'none', 'slot'].map((key) => kv.delete(key))).toEqual([true, true, false, false]);
    expect([kv.size, [...kv.keys()], kv.has('there')]).toEqual([1, ['other'], false]);
    await expect(kv.get('there')).rejects.toThrow(RangeError);
    expect([await collect(kv), await kv.toObject()]).toEqual([[['other', 'other']], { other: 'other' }]);
    handle.fill('late');
    expect([await handle, await collect(kv)]).toEqual(['late', [['other', 'other']]]);
  });

  it('a loop that waits for a key alone that is then deleted ends', async () => {
    const kv = new KV<string>();
    kv.put('never');
    kv.set('there', 'value');
    const [one, two] = [collect(kv), collect(kv)];
    await turn();
    kv.delete('never');
    expect([await one, await two]).toEqual([[['there', 'value']], [['there', 'value']]]);
  });

  it('a loop that waits for several keys goes on where one of them is deleted', async () => {
    const kv = new KV<string>();
    kv.put('never');
    const slot = kv.put('slot');
    const reading = collect(kv);
    await turn();
    kv.delete('never');
    await turn();
    slot.fill('value');
    expect(await reading).toEqual([['slot', 'value']]);
  });

  it('cancel also rejects the handle of a key that was deleted', async () => {
    const kv = new KV<string>();
    const handle = kv.put('slot');
    kv.delete('slot');
    kv.cancel(new Error('enough'));
    await expect(handle).rejects.toThrow('enough');
  });

  it('a loop does not wait for a former task of a key put twice', async () => {
    const kv = new KV<string>();
    kv.put('key');
    const reading = collect(kv);
    kv.set('key', async () => 'new');
    expect(await reading).toEqual([['key', 'new']]);
  });

  it('a loop that has seen all keys but one waits for whichever is put again meanwhile', async () => {
    const kv = new KV<number>();
    kv.set('a', 0);
    const former = kv.put('b');
    const slot = kv.put('b');
    const reading = kv[Symbol.asyncIterator]();
    expect(await reading.next()).toEqual({ done: false, value: ['a', 0] });
    const next = reading.next();
    former.fill(1);
    const again = kv.put('a');
    slot.fill(2);
    expect(await next).toEqual({ done: false, value: ['b', 2] });
    const last = reading.next();
    again.fill(3);
    expect(await last).toEqual({ done: false, value: ['a', 3] });
    expect(await reading.next()).toEqual({ done: true, value: undefined });
  });

  it.each<[string, (kv: KV<object>, value: object) => unknown]>([
    ['there at once', (kv, value) => kv.set('key', value)],
    ['of a task', (kv, value) => kv.put('key', async () => value)],
    [
      'of a slot that is filled once it was replaced',
      (kv, value) => {
        const slot = kv.put('key');
        void turn().then(() => slot.fill(value));
      },
    ],
    [
      'that is deleted before',
      (kv, value) => {
        kv.delete('key');
        kv.set('key', value);
      },
    ],
    [
      'of a task, and deleted before it ends',
      (kv, value) => {
        kv.put('gone', async () => value);
        kv.delete('gone');
        kv.set('key', value);
      },
    ],
  ])('holds no value of a key that was put again: %s', async (_how, put) => {
    const kv = new KV<object>();
    kv.set('other', {});
    const values: WeakRef<object>[] = [];
    for (let round = 0; round < 100; round += 1) {
      const value = {};
      values.push(new WeakRef(value));
      put(kv, value);
      if (round % 10 === 9) await turn();
    }
    await kv.allSettled();
    await turn();
    collectGarbage();
    // The engine may still hold the one or other.
    expect(values.filter((value) => value.deref()).length).toBeLessThan(10);
    expect(await kv.get('key')).toBe(values.at(-1)?.deref());
  });

  it.each<[string, (kv: KV<string>) => void]>([
    ['whose slot is never filled', (kv) => void kv.put('a')],
    ['that had arrived', (kv) => void kv.set('a', 'old')],
    ['that arrives meanwhile', (kv) => void kv.put('a', async () => 'old')],
    ['that arrives later', (kv) => void kv.put('a', async () => turn('old'))],
    ['that fails meanwhile', (kv) => void kv.put('a', async () => Promise.reject(new Error('old')))],
  ])('next called several times at once skips a former task %s', async (_what, former) => {
    const kv = new KV<string>();
    former(kv);
    kv.put('a', async () => turn('new'));
    kv.set('b', 'at once');
    const reading = kv[Symbol.asyncIterator]();
    const read = await Promise.all([reading.next(), reading.next(), reading.next(), reading.next()]);
    expect(read.map(({ done, value }) => (done ? 'done' : value))).toEqual([
      ['b', 'at once'],
      ['a', 'new'],
      'done',
      'done',
    ]);
  });

  it('loops see what each key has in order of arrival, however often it is put, in 5,000 random stories', async () => {
    const step = fc.oneof(
      fc.record({ put: fc.constantFrom('a', 'b', 'c', 'd') }),
      fc.record({ fill: fc.nat(20) }),
      fc.record({ drop: fc.constantFrom('a', 'b', 'c', 'd') }),
      fc.constant('turn' as const),
    );
    const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(3), async (story, ahead) => {
      const kv = new KV<number>();
      const slots: Slot<number>[] = [];
      const keys: string[] = [];
      const arrived: number[] = [];
      const fill = (index: number) => {
        if (!slots[index] || arrived.includes(index)) return;
        arrived.push(index);
        slots[index].fill(index);
      };
      const put = (key: string) => {
        keys.push(key);
        slots.push(kv.put(key));
      };
      // No loop ends before it is filled.
      put('last');
      const during = readAhead(kv, ahead + 1);
      for (const one of story) {
        if (one === 'turn') await Promise.resolve();
        else if ('put' in one) put(one.put);
        else if ('drop' in one) kv.delete(one.drop);
        else fill(one.fill + 1);
      }
      const current = [...kv.keys()].map((key) => keys.lastIndexOf(key));
      for (const index of current.toReversed()) fill(index);
      const inOrder = arrived.filter((index) => current.includes(index));
      expect(await collect(kv)).toEqual(inOrder.map((index) => [keys[index], index]));
      const seen = await during;
      expect(seen).toEqual(arrived.filter((index) => seen.includes(index)));
      expect(seen).toEqual(expect.arrayContaining(inOrder));
    });
    await fc.assert(property, { numRuns: 5000 });
  });

  it('types the arguments by the parameters of the task, and the handle by its result', () => {
    const kv = new KV();
    expectTypeOf(kv.put('cats', getPhotos, 'cat', { limit: 4 })).toEqualTypeOf<Handle<Photo[]> & Keyed>();
    expectTypeOf(kv.put<string>('slot')).toEqualTypeOf<Slot<string> & Keyed>();
    expectTypeOf(new KV<number>().get('n')).resolves.toEqualTypeOf<number>();
    // @ts-expect-error -- limit is a number
    kv.put('cats', getPhotos, 'cat', { limit: '4' });
    // @ts-expect-error -- an argument is missing
    new KV<Photo[]>().put('cats', async (id: string, limit: number) => [{ url: id + limit }], 'cat');
    // @ts-expect-error -- the task gives no number
    new KV<number>().put('cats', getPhotos, 'cat', { limit: 4 });
  });
});
