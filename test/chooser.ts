import fc, { type GeneratorValue } from 'fast-check';

/** Makes the choices of whoever writes something at random. */
export class Chooser {
  readonly #g: GeneratorValue;

  constructor(g: GeneratorValue) {
    this.#g = g;
  }

  /** True in one of so many cases. */
  protected chance(of: number): boolean {
    return this.below(of) === 0;
  }

  /** A whole number from 0 on. */
  protected below(count: number): number {
    return this.#g(fc.nat, { max: count - 1 });
  }

  /** One of these. */
  protected of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}
