import type { Steps, Work } from '../budget/work.ts';
import type { Mode } from '../json/typed-text.ts';
import type { Freshness } from './freshness.ts';
import type { Meta, Stored, Value } from './payload.ts';

/**
 * The same value with another `meta`. What its getters hold is neither copied nor opened before somebody
 * looks.
 */
export function withMeta(value: Value, meta: Meta): Value {
  return new Told(value, meta);
}

class Told implements Value {
  readonly kind = 'value';
  readonly meta: Meta;
  readonly mode?: Mode;
  readonly freshness: Freshness | undefined;
  readonly stored: Stored | undefined;
  readonly read?: (work: Work) => Steps<unknown>;
  readonly #value: Value;

  constructor(value: Value, meta: Meta) {
    this.#value = value;
    this.meta = meta;
    this.freshness = value.freshness;
    this.stored = value.stored;
    if (value.mode !== undefined) this.mode = value.mode;
    if (value.read) this.read = (work) => value.read!(work);
  }

  get json(): string {
    return this.#value.json;
  }

  get bytes(): Buffer | undefined {
    return this.#value.bytes;
  }

  get members(): number | undefined {
    return this.#value.members;
  }

  get value(): unknown {
    return this.#value.value;
  }
}
