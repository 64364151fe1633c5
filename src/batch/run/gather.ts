import type { Memory } from '../../budget/memory.ts';
import { CodapError } from '../../errors.ts';
import type { Payload, Value } from '../../store/payload.ts';
import type { ValueQuery } from '../../store/value-query.ts';
import type { QueryNode } from '../plan/node.ts';
import type { Batch } from './batch.ts';
import type { RunningMember } from './running-member.ts';
import type { Scope } from './scope.ts';

/**
 * Asks a query's source for its value. Its own time began at `started`; what is collected meanwhile counts as
 * `held`.
 */
export function gather(
  { source, timeoutMs, maxAgeMs }: QueryNode,
  query: ValueQuery,
  { trace }: RunningMember,
  { signal, deadline, batch }: Scope,
  held: Memory,
  started: number,
): Promise<Payload> {
  const { who, work } = batch;
  const bounds = { signal, started, timeoutMs, deadline, memory: held, work, trace, maxAgeMs };
  return source.call(query, who, bounds);
}

/** Notes how long a query's source took, whatever came of it; in milliseconds. */
export function noteDuration({ source }: QueryNode, started: number, batch: Batch): number {
  const ms = performance.now() - started;
  batch.timed(source.name, ms);
  return ms;
}

/** What was gathered, which is a value. */
export function asValue(payload: Payload): Value {
  if (payload.kind !== 'value') throw new CodapError('INTERNAL', 'codap failed to gather this answer');
  return payload;
}
