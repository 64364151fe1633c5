import type { Mode } from '../json/typed-text.ts';
import { writeJson } from '../json/write.ts';
import type { Meta, Value } from '../payload.ts';

/** A value made by codap itself: data with typed leaves, written as JSON once, when first asked for. */
export class TypedValue implements Value {
  readonly kind = 'value';
  readonly value: unknown;
  readonly meta?: Meta;
  readonly mode: Mode;
  #json: string | undefined;

  constructor(value: unknown, meta?: Meta, mode: Mode = 'plain') {
    this.value = value;
    this.mode = mode;
    if (meta) this.meta = meta;
  }

  get json(): string {
    return (this.#json ??= writeJson(this.value, this.mode));
  }
}
