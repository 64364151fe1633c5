import { type Comparable, toValue } from 'liquidjs';
import { Digits } from '../../json/leaf.ts';

/** Digits as LiquidJS reads them: it takes them for their text, and JSON shows the number. */
export class PageDigits extends Digits implements Comparable {
  /** What a template names within them is asked of this. */
  toLiquid(): string {
    return this.text;
  }

  /** A loop goes over them once, as over any text. */
  *[Symbol.iterator](): Generator<this> {
    yield this;
  }

  equals(other: unknown): boolean {
    const plain: unknown = toValue(other);
    return (plain instanceof Digits ? plain.text : plain) === this.text;
  }

  // What has these four, too, is asked whether it equals another; the operators are codap's own.
  gt(): boolean {
    return false;
  }

  geq(): boolean {
    return false;
  }

  lt(): boolean {
    return false;
  }

  leq(): boolean {
    return false;
  }
}
