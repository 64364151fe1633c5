import { Filled } from '../../src/placeholder.ts';
import { isWrapper, readWrapper } from './extended-json.ts';
import { dataOf, NotData } from './filled.ts';
import { isFields, isHole, isSendable, type Hole, type Walk } from './walk.ts';

/** Reads a value that is nothing but data: JSON, Extended JSON, references at any depth. */
export function readData(walk: Walk, value: unknown): unknown {
  if (isHole(value)) return walk.mayHole() ? readHole(walk, value) : null;
  if (Array.isArray(value)) return value.map((member, index) => walk.at(index, member, readData));
  if (!isFields(value)) return value;
  if (isWrapper(value)) return readWrapper(walk, value);
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, member] of Object.entries(value)) {
    if (key.startsWith('$')) walk.faultAt(key, 'neither an operator nor a type of Extended JSON that is allowed here');
    else if (!isSendable(key)) walk.faultAt(key, 'a key that cannot be sent to the store');
    else copy[key] = walk.at(key, member, readData);
  }
  return copy;
}

/** What a reference is sent as where data may stand; null while it is not filled in. */
export function readHole(walk: Walk, hole: Hole): unknown {
  if (!(hole instanceof Filled)) return null;
  try {
    return dataOf(hole);
  } catch (error) {
    if (error instanceof NotData) return walk.fault(error.message);
    throw error;
  }
}

/** Reads data in which no reference may stand. */
export function readLiteral(walk: Walk, value: unknown): unknown {
  return walk.literally(value, readData);
}
