import type { Stored, StoredOptions } from './stored.ts';

/** The objects of one bucket, and its unfinished uploads. */
export class Bucket {
  readonly uploads = new Map<string, Upload>();
  readonly #objects = new Map<string, Stored>();
  readonly #versions = new Map<string, Map<string, Stored>>();
  #keys?: string[];

  get(key: string, versionId?: string): Stored | undefined {
    if (versionId !== undefined) return this.#versions.get(key)?.get(versionId);
    return this.#objects.get(key);
  }

  put(key: string, object: Stored): void {
    if (!this.#objects.has(key)) this.#keys = undefined;
    this.#objects.set(key, object);
    if (object.versionId === undefined) return;
    const versions = this.#versions.get(key) ?? new Map<string, Stored>();
    this.#versions.set(key, versions.set(object.versionId, object));
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#keys = undefined;
    this.#versions.delete(key);
  }

  /** All keys in the order of their UTF-8 bytes, as S3 lists them. */
  keys(): readonly string[] {
    return (this.#keys ??= [...this.#objects.keys()]
      .map((key) => Buffer.from(key))
      .toSorted((a, b) => Buffer.compare(a, b))
      .map(String));
  }
}

/** A multipart upload that is not complete. */
export interface Upload {
  key: string;
  options: StoredOptions;
  parts: Map<number, { bytes: Buffer; md5: Buffer }>;
}
