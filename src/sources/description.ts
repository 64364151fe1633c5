import type { Source } from './open.ts';

/** What can be said of a source: its ops. */
export function describeSource({ name, adapter, ops }: Source, _signal: AbortSignal): Promise<object> {
  return Promise.resolve({ name, adapter, ops: Object.fromEntries(ops.map((op) => [op, {}])) });
}
