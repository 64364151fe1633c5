import type { Value } from '../../src/store/payload.ts';

/** The op of many `findOne` that are one query. No client can name it. */
export const MERGED = 'findOne, merged';

/** What it is answered: documents, which nobody sees together. */
export class MergedDocuments implements Value {
  readonly kind = 'value';
  readonly json = '';
  readonly value: readonly Buffer[];
  /** Whether none was cut off. */
  readonly isWhole: boolean;

  constructor(documents: readonly Buffer[], isWhole: boolean) {
    this.value = documents;
    this.isWhole = isWhole;
  }
}
