import { BSONError } from 'bson';
import { nameAt } from './bson-name.ts';
import { documents, endOf, LIST, LONG, toBuffer } from './bson-reader.ts';

/** The first batch of a command's answer. */
export interface FirstBatch {
  readonly found: Buffer[];
  /** The id of the cursor that the store had kept open: it has more. */
  readonly open: bigint | undefined;
}

/** Reads it from a reply, in which what is nested is BSON. */
export function batchOf(reply: Record<string, unknown>): FirstBatch {
  const cursor = toBuffer(reply['cursor']);
  let found: Buffer[] | undefined;
  let open: bigint | undefined;
  for (let at = 4; cursor[at] !== 0;) {
    const type = cursor[at] as number;
    const { text, bytes } = nameAt(cursor, at + 1);
    const from = at + 2 + bytes.length;
    at = endOf(cursor, type, from);
    if (text === 'firstBatch' && type === LIST) found = documents(cursor, from);
    else if (text === 'id' && type === LONG) open = cursor.readBigInt64LE(from) || undefined;
  }
  if (!found) throw new BSONError('no batch');
  return { found, open };
}
