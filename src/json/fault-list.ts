import { fragment } from './pointer.ts';

/**
 * What is wrong with a request, and where: a JSON Pointer as a URI fragment (RFC 6901 §6). It repeats no
 * value.
 */
export interface ToldFault {
  readonly pointer: string;
  readonly detail: string;
}

/** A request that cannot be run: the faults found, each with its JSON Pointer. */
export class BadRequest extends Error {
  readonly errors: readonly ToldFault[];

  constructor(errors: readonly ToldFault[]) {
    super('the request is not valid');
    this.name = 'BadRequest';
    this.errors = errors;
  }
}

/**
 * Does what may throw BadRequest for a whole of which only what stands at `at` (a JSON Pointer) was asked:
 * the pointers of its faults begin there.
 */
export async function within<T>(at: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    throw new BadRequest(below(at, error.errors));
  }
}

/** Faults of which each stands at `at` or below, with pointers that begin there. */
export function below(at: string, faults: readonly ToldFault[]): readonly ToldFault[] {
  return faults.map(({ pointer, detail }) => ({ pointer: `#${pointer.slice(1 + at.length)}`, detail }));
}

/** The most faults that one answer tells. */
export const MOST_FAULTS = 100;
/** The most characters of a detail. */
const DETAIL_CHARS = 512;

/** The faults of one request, up to the last that is told: whoever looks for more stops once it is full. */
export class FaultList {
  readonly #found: { readonly path: readonly (string | number)[]; readonly detail: string }[] = [];

  get full(): boolean {
    return this.#found.length >= MOST_FAULTS;
  }

  get empty(): boolean {
    return this.#found.length === 0;
  }

  /** Notes a fault; once the list is full, no longer. */
  add(path: readonly (string | number)[], detail: string): void {
    if (!this.full) this.#found.push({ path, detail });
  }

  /** All of them as they are told. */
  told(): readonly ToldFault[] {
    return this.#found.map(({ path, detail }) => ({ pointer: fragment(path), detail: shortDetail(detail) }));
  }
}

/** A detail as far as it is told: its first 512 characters. */
export function shortDetail(detail: string): string {
  return detail.length > DETAIL_CHARS ? `${detail.slice(0, DETAIL_CHARS - 1).toWellFormed()}…` : detail;
}
