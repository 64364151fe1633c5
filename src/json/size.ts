import { Binary } from 'bson';
import { Digits, isLeaf } from './leaf.ts';
import { entriesOf } from './members.ts';

/**
 * At least how many bytes the JSON of a value has, found without writing it: characters count as one byte, numbers and the like as one.
 * Counts no further than it takes to know that there are more than `most`.
 */
export function sizeOf(value: unknown, most = Infinity): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 1;
  if (isLeaf(value)) return sizeOfLeaf(value);
  let size = 2;
  if (Array.isArray(value)) {
    for (const member of value) {
      size += 1 + sizeOf(member, most - size);
      if (size > most) return size;
    }
  } else {
    for (const [key, member] of entriesOf(value)) {
      size += key.length + 4 + sizeOf(member, most - size);
      if (size > most) return size;
    }
  }
  // Of what is counted between two members there is one less than of members.
  return size > 2 ? size - 1 : size;
}

function sizeOfLeaf(value: object): number {
  if (value instanceof Digits) return value.text.length;
  return value instanceof Binary ? value.length() : 1;
}
