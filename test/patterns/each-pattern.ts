import { FirstReply, KV, Ordered, type Handle, type Options, type Slot, type Task } from '../../src/patterns/index.ts';

/** What the three patterns have in common, under the same names. */
export interface Common {
  readonly pattern: KV<number> | Ordered<number> | FirstReply<number>;
  readonly push: (task: Task<number>) => Handle<number>;
  readonly slot: () => Slot<number>;
  readonly loop: () => AsyncIterable<number | [string, number]>;
}

/** A maker of each pattern; the keys of a KV are the indexes. */
export const EACH: [name: string, make: (options?: Options) => Common][] = [
  [
    'KV',
    (options) => {
      const pattern = new KV<number>(options);
      return {
        pattern,
        push: (task) => pattern.put(String(pattern.size), task),
        slot: () => pattern.put(String(pattern.size)),
        loop: () => pattern,
      };
    },
  ],
  ['Ordered', (options) => list(new Ordered<number>(options))],
  ['FirstReply', (options) => list(new FirstReply<number>(options))],
];

function list(pattern: Ordered<number> | FirstReply<number>): Common {
  return { pattern, push: (task) => pattern.push(task), slot: () => pattern.push(), loop: () => pattern };
}
