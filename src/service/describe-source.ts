import type { Memory } from '../budget/memory.ts';
import type { Source } from '../sources/open.ts';

/** Describes a source, unless the signal aborts first. Throws CodapError where the store cannot tell. */
export type DescribeSource = (source: Source, signal: AbortSignal) => Promise<object>;

/** Makes the one that all of a service share. */
export function describing(_memory: Memory, _timeoutMs: number): DescribeSource {
  return ({ name, adapter, ops }) =>
    Promise.resolve({ name, adapter, ops: Object.fromEntries(ops.map((op) => [op, {}])) });
}
