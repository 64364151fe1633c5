import { int32, octet } from './bson-reader.ts';

/** Bytes of a message's header (MongoDB manual, "MongoDB Wire Protocol"). */
const HEADER = 16;
/** Kinds of messages. */
const [OP_REPLY, OP_COMPRESSED, OP_MSG] = [1, 2012, 2013];

/**
 * Whether a message from the store is one document, and nothing else: the driver believes what a message says
 * of its sections, and would look for the next one for ever, or make billions. `mayBeCompressed` that they
 * agreed on it.
 */
export function isWholeReply(message: Buffer, mayBeCompressed: boolean): boolean {
  if (message.length <= HEADER) return false;
  const kind = int32(message, HEADER - 4);
  return kind === OP_COMPRESSED ? mayBeCompressed : isWholeBody(kind, message, HEADER);
}

/** The document of a message that is one, and is not compressed. */
export function documentOf(message: Buffer): Buffer {
  return message.subarray(HEADER + (int32(message, HEADER - 4) === OP_MSG ? 5 : 20));
}

/** The same of what follows the header of a message of some kind. */
export function isWholeBody(kind: number, bytes: Buffer, start = 0): boolean {
  // Flags, and the kind of the section.
  if (kind === OP_MSG) return octet(bytes, start + 4) === 0 && isDocument(bytes, start + 5);
  // As which a store of any age answers the first question: flags, a cursor, and how many documents.
  return kind === OP_REPLY && int32(bytes, start + 16) === 1 && isDocument(bytes, start + 20);
}

function isDocument(bytes: Buffer, start: number): boolean {
  const length = int32(bytes, start);
  return length >= 5 && start + length === bytes.length && bytes.at(-1) === 0;
}
