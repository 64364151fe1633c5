import type { Path } from '../template/reference.ts';

/** Where a query or group stands. */
export interface Place {
  /** In the request. */
  readonly at: Path;
  /** In the answer: as many steps as it has groups around it. */
  readonly path: Path;
  /** Its key in a kv, else undefined. */
  readonly key: string | undefined;
  /** Which of its group's members it is. */
  readonly index: number;
}
