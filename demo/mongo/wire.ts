import type { Document } from 'bson';
import { toRaw } from './bson.ts';

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER = 16;
const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;
/** What `hello` announces as `maxMessageSizeBytes`. */
export const MAX_MESSAGE_BYTES = 48_000_000;

/**
 * One message of a client: the command's bytes, and the documents that came in sections of their own, by
 * name.
 */
export interface Message {
  readonly id: number;
  readonly legacy: boolean;
  /** The client wants no answer. */
  readonly silent: boolean;
  readonly body: Uint8Array;
  readonly sections: ReadonlyMap<string, Uint8Array[]>;
}

/**
 * Cuts a byte stream into messages; returns those that are complete with this chunk. Throws on what is no
 * message.
 */
export function framer(): (chunk: Buffer) => Message[] {
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = HEADER;
  return (chunk) => {
    chunks.push(chunk);
    held += chunk.length;
    const messages: Message[] = [];
    while (held >= wanted) {
      const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      const length = bytes.readInt32LE();
      if (length < HEADER || length > MAX_MESSAGE_BYTES) throw new RangeError('not a message');
      if (held < length) {
        chunks = [bytes];
        wanted = length;
        break;
      }
      messages.push(decode(bytes.subarray(0, length)));
      chunks = [bytes.subarray(length)];
      held -= length;
      wanted = HEADER;
    }
    return messages;
  };
}

function decode(bytes: Buffer): Message {
  const id = bytes.readInt32LE(4);
  const opcode = bytes.readInt32LE(12);
  if (opcode === OP_MSG) return { id, legacy: false, ...decodeSections(bytes) };
  if (opcode !== OP_QUERY) throw new RangeError('unknown opcode');
  const start = bytes.indexOf(0, HEADER + 4) + 1 + 8;
  return { id, legacy: true, silent: false, body: documentAt(bytes, start), sections: new Map() };
}

function decodeSections(bytes: Buffer): Pick<Message, 'silent' | 'body' | 'sections'> {
  const flags = bytes.readInt32LE(HEADER);
  const end = bytes.length - (flags & CHECKSUM_PRESENT ? 4 : 0);
  const sections = new Map<string, Uint8Array[]>();
  let body: Uint8Array | undefined;
  let at = HEADER + 4;
  while (at < end) {
    const kind = bytes.readUInt8(at);
    const size = bytes.readInt32LE(at + 1);
    if (size < 5 || at + 1 + size > end) throw new RangeError('a section does not fit');
    const section = bytes.subarray(at + 1, at + 1 + size);
    if (kind === 0) body = section;
    else sections.set(...documentSequence(section));
    at += 1 + size;
  }
  if (!body) throw new RangeError('a message without a command');
  return { silent: (flags & MORE_TO_COME) !== 0, body, sections };
}

function documentSequence(section: Buffer): [string, Uint8Array[]] {
  const nameEnd = section.indexOf(0, 4);
  const documents: Uint8Array[] = [];
  for (let at = nameEnd + 1; at < section.length; at += section.readInt32LE(at))
    documents.push(documentAt(section, at));
  return [section.toString('utf8', 4, nameEnd), documents];
}

function documentAt(bytes: Buffer, at: number): Buffer {
  const size = bytes.readInt32LE(at);
  if (size < 5 || at + size > bytes.length) throw new RangeError('a document does not fit');
  return bytes.subarray(at, at + size);
}

/** The answer to a message, whole. */
export function encodeReply(message: Message, reply: Document | Uint8Array): Buffer {
  const body = reply instanceof Uint8Array ? reply : toRaw(reply, { ignoreUndefined: true });
  const head = Buffer.alloc(message.legacy ? HEADER + 20 : HEADER + 5);
  head.writeInt32LE(head.length + body.length);
  head.writeInt32LE(message.id, 8);
  head.writeInt32LE(message.legacy ? OP_REPLY : OP_MSG, 12);
  // OP_REPLY: flags, cursor id and start stay 0, one document follows. OP_MSG: no flags, a section of kind 0.
  if (message.legacy) head.writeInt32LE(1, HEADER + 16);
  return Buffer.concat([head, body]);
}
