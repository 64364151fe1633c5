import type { Query } from './fetch.ts';

/** A query whose answer is gathered. One that is asked again and again is worked out once. */
export class ValueQuery implements Query {
  readonly op: string;
  readonly params: unknown;
  readonly want = 'value';
  hash: number | undefined = undefined;
  point: object | null | undefined = undefined;

  constructor(op: string, params: unknown) {
    this.op = op;
    this.params = params;
  }
}
