import { Binary, serialize } from 'bson';

/** True for a vector that is malformed: nothing else of BSON is judged by the driver as it is written. */
export function isMalformedVector(value: unknown): boolean {
  if (!(value instanceof Binary) || value.sub_type !== Binary.SUBTYPE_VECTOR) return false;
  try {
    serialize({ value });
    return false;
  } catch {
    return true;
  }
}
