import { Long } from 'bson';
import { isInt64 } from '../../src/json/typed-text.ts';

/**
 * What JSON shows without a type, as it is sent: the driver would send a whole number beyond 32 bits as a
 * double, and what the store makes of a Long and that would be one, too.
 */
export function untyped(value: unknown): unknown {
  return typeof value === 'number' && isInt64(value) ? Long.fromBigInt(BigInt(value)) : value;
}
