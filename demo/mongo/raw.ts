import { type Document, Long } from 'bson';
import { toRaw } from './bson.ts';

const DOCUMENT = 3;
const ARRAY = 4;
const END = Buffer.of(0);

function frame(elements: readonly Uint8Array[]): Buffer {
  const length = Buffer.alloc(4);
  const framed = Buffer.concat([length, ...elements, END]);
  framed.writeInt32LE(framed.length);
  return framed;
}

function element(type: number, name: string, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(type), Buffer.from(name), END, value]);
}

function fields(document: Document): Uint8Array {
  return toRaw(document).subarray(4, -1);
}

/**
 * A cursor's reply made of documents that are encoded already, so that nothing in them can change on the way.
 * `id` is 0 at the end.
 */
export function cursorReply(
  key: 'firstBatch' | 'nextBatch',
  documents: readonly Uint8Array[],
  id: Long,
  ns: string,
): Buffer {
  const batch = frame(documents.map((document, index) => element(DOCUMENT, String(index), document)));
  const cursor = frame([element(ARRAY, key, batch), fields({ id, ns })]);
  return frame([element(DOCUMENT, 'cursor', cursor), fields({ ok: 1 })]);
}
