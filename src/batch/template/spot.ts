/** How to get to something: keys, and in lists indices. */
export type Path = readonly (string | number)[];

/**
 * Where something stands in the request. Its path is put together only where there is something to tell of
 * it, which hardly ever is.
 */
export class Spot {
  /** The request itself. */
  static readonly TOP = new Spot(undefined, '');

  readonly #around: Spot | undefined;
  readonly #step: string | number;

  private constructor(around: Spot | undefined, step: string | number) {
    this.#around = around;
    this.#step = step;
  }

  /** That of a member of what stands here. */
  below(step: string | number): Spot {
    return new Spot(this, step);
  }

  /** That of what a path leads to from here. */
  follow(path: Path): Spot {
    return path.reduce<Spot>((spot, step) => spot.below(step), this);
  }

  get path(): Path {
    const steps: (string | number)[] = [];
    this.#addTo(steps);
    return steps;
  }

  #addTo(steps: (string | number)[]): void {
    if (!this.#around) return;
    this.#around.#addTo(steps);
    steps.push(this.#step);
  }
}
