import type { Spot } from '../template/spot.ts';

/** Where a query or group stands. */
export interface Place {
  /** In the request. */
  readonly at: Spot;
  /** How many groups are around it. */
  readonly depth: number;
  /** Its key in a kv, else undefined. */
  readonly key: string | undefined;
  /** Which of its group's members it is. */
  readonly index: number;
}
