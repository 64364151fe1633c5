import type { Mode } from '../json/typed-text.ts';
import { writeBytes, writeJson } from '../json/write.ts';
import type { Meta, Value } from './payload.ts';
import type { Steps, Work } from '../budget/work.ts';

/**
 * A value that codap makes, or that a driver gave: data with typed leaves (`src/json/leaf.ts`), undefined or
 * a bigint. It is written as JSON once, in turns with others (`writeTyped`), or when it is first asked for.
 */
export class TypedValue implements Value {
  readonly kind = 'value';
  readonly value: unknown;
  readonly meta?: Meta;
  readonly mode: Mode;
  readonly bytes: Buffer | undefined;
  #json: string | undefined;

  constructor(value: unknown, meta?: Meta, mode: Mode = 'plain', bytes?: Buffer) {
    this.value = value;
    this.mode = mode;
    this.bytes = bytes;
    if (meta) this.meta = meta;
  }

  get json(): string {
    return (this.#json ??= this.bytes?.toString() ?? writeJson(this.value, this.mode));
  }
}

/** One that was written. */
export interface WrittenValue extends TypedValue {
  readonly bytes: Buffer;
}

/** Such a value, its JSON written in turns with others. */
export function* writeTyped(value: unknown, work: Work, meta?: Meta, mode: Mode = 'plain'): Steps<WrittenValue> {
  return new TypedValue(value, meta, mode, yield* writeBytes(value, mode, work)) as WrittenValue;
}
