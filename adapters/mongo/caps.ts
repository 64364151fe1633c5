import { CodapError } from '../../src/errors.ts';
import type { Memory } from '../../src/budget/memory.ts';
import type { MongoOptions } from './options.ts';

/** What one gathered answer may hold. */
export interface Caps {
  readonly documents: number;
  /** Of BSON. */
  readonly bytes: number;
}

/** What a source lets it hold. */
export function capsOf({ maxDocuments, maxBytes }: MongoOptions): Caps {
  return { documents: maxDocuments, bytes: maxBytes };
}

/** The documents of one gathered answer. Never cut: `add` throws TOO_LARGE beyond a cap. */
export class Gathered {
  readonly documents: Buffer[] = [];
  readonly #caps: Caps;
  readonly #memory: Memory;
  #bytes = 0;

  constructor(caps: Caps, memory: Memory) {
    this.#caps = caps;
    this.#memory = memory;
  }

  add(batch: readonly Buffer[]): void {
    const before = this.#bytes;
    for (const document of batch) {
      this.documents.push(document);
      this.#bytes += document.length;
    }
    this.#memory.hold(this.#bytes - before);
    check(this.#caps, this.documents.length, this.#bytes);
  }

  /** Holds none of them any more. */
  release(): void {
    this.#memory.release(this.#bytes);
  }
}

/** Throws TOO_LARGE beyond a cap. */
export function check(caps: Caps, documents: number, bytes: number): void {
  if (documents > caps.documents) {
    throw new CodapError('TOO_LARGE', `more than ${caps.documents} documents: ask for fewer, with a filter or a limit`);
  }
  if (bytes > caps.bytes) {
    throw new CodapError('TOO_LARGE', `more than ${caps.bytes} bytes: ask for less, with a projection or a limit`);
  }
}
