import { crc32 } from 'node:zlib';
import type { Entry } from './entry.ts';
import type { ArchiveWriter, Sink } from './writer.ts';
import { chunksOf } from './writer.ts';

const MAX16 = 0xffff;
const MAX32 = 0xffffffff;
const SLASH = '/'.charCodeAt(0);
/** General purpose bit 3: sizes and checksum follow the data, in a data descriptor. */
const DATA_DESCRIPTOR = 0x0008;
/** General purpose bit 11, the language encoding flag (EFS): the name is UTF-8. */
const UTF8 = 0x0800;
/** External attributes: the mode for Unix, and for a folder the bit that MS-DOS has for it. */
const FILE = (0o100644 << 16) >>> 0;
const FOLDER = ((0o040755 << 16) | 0x10) >>> 0;

interface Written {
  readonly name: Buffer;
  readonly modified: Date;
  readonly offset: number;
  readonly flags: number;
  readonly crc: number;
  readonly size: number;
}

/**
 * A zip of stored entries (PKWARE APPNOTE 6.3.10), written as it goes: a body's size and checksum follow it
 * in a data descriptor, in zip64 form where it may exceed 4 GiB. Names are UTF-8.
 */
export class ZipWriter implements ArchiveWriter {
  readonly #sink: Sink;
  readonly #entries: Written[] = [];
  #offset = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  async add(entry: Entry, safeName: string): Promise<unknown> {
    const name = Buffer.from(safeName);
    const offset = this.#offset;
    const { content, modified } = entry;
    if (Buffer.isBuffer(content)) {
      const crc = crc32(content);
      this.#entries.push({ name, modified, offset, flags: UTF8, crc, size: content.length });
      await this.#write(localHeader(name, modified, UTF8, crc, content.length));
      await this.#write(content);
      return undefined;
    }
    const wide = entry.size === undefined || entry.size >= MAX32;
    const flags = UTF8 | DATA_DESCRIPTOR;
    await this.#write(localHeader(name, modified, flags, 0, 0, wide));
    let crc = 0;
    let size = 0;
    let broken: unknown;
    try {
      for await (const chunk of chunksOf(content)) {
        crc = crc32(chunk, crc);
        size += chunk.length;
        await this.#write(chunk);
      }
    } catch (error) {
      broken = error;
    }
    this.#entries.push({ name, modified, offset, flags, crc, size });
    await this.#write(descriptor(crc, size, wide));
    return broken;
  }

  async end(comment: string): Promise<void> {
    const start = this.#offset;
    for (const entry of this.#entries) await this.#write(centralHeader(entry));
    await this.#write(endRecords(this.#entries.length, this.#offset - start, start, Buffer.from(comment)));
  }

  #write(bytes: Uint8Array): Promise<void> | undefined {
    this.#offset += bytes.length;
    return this.#sink(bytes);
  }
}

/** The first and the last moment that a zip can tell. */
const FIRST = Date.UTC(1980, 0, 1);
const LAST = Date.UTC(2107, 11, 31, 23, 59, 58);

/** MS-DOS date and time, of two seconds' precision; in UTC. */
function dosTime(modified: Date): number {
  const date = new Date(Math.min(LAST, Math.max(FIRST, modified.getTime())));
  const day = ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
  return (((date.getUTCFullYear() - 1980) << 25) | (day << 16) | time) >>> 0;
}

/** Extended timestamp (extra field 0x5455): the exact second, in UTC; none where 32 bits do not hold it. */
function timestamp(date: Date): Buffer {
  const seconds = Math.floor(date.getTime() / 1000);
  if ((seconds | 0) !== seconds) return Buffer.alloc(0);
  const extra = Buffer.alloc(9);
  extra.writeUInt16LE(0x5455, 0);
  extra.writeUInt16LE(5, 2);
  extra.writeUInt8(1, 4);
  extra.writeInt32LE(seconds, 5);
  return extra;
}

function zip64(...numbers: number[]): Buffer {
  const extra = Buffer.alloc(4 + numbers.length * 8);
  extra.writeUInt16LE(0x0001, 0);
  extra.writeUInt16LE(numbers.length * 8, 2);
  for (const [index, number] of numbers.entries()) extra.writeBigUInt64LE(BigInt(number), 4 + index * 8);
  return extra;
}

function localHeader(name: Buffer, modified: Date, flags: number, crc: number, size: number, wide = false): Buffer {
  const extra = wide ? Buffer.concat([zip64(0, 0), timestamp(modified)]) : timestamp(modified);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(wide ? 45 : 20, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(dosTime(modified), 10);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(wide ? MAX32 : size, 18);
  header.writeUInt32LE(wide ? MAX32 : size, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, name, extra]);
}

function descriptor(crc: number, size: number, wide: boolean): Buffer {
  const bytes = Buffer.alloc(wide ? 24 : 16);
  bytes.writeUInt32LE(0x08074b50, 0);
  bytes.writeUInt32LE(crc, 4);
  if (wide) {
    bytes.writeBigUInt64LE(BigInt(size), 8);
    bytes.writeBigUInt64LE(BigInt(size), 16);
  } else {
    bytes.writeUInt32LE(size, 8);
    bytes.writeUInt32LE(size, 12);
  }
  return bytes;
}

function centralHeader({ name, modified, offset, flags, crc, size }: Written): Buffer {
  const large = [...(size >= MAX32 ? [size, size] : []), ...(offset >= MAX32 ? [offset] : [])];
  const extra = Buffer.concat([large.length > 0 ? zip64(...large) : Buffer.alloc(0), timestamp(modified)]);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE((3 << 8) | 45, 4);
  header.writeUInt16LE(large.length > 0 ? 45 : 20, 6);
  header.writeUInt16LE(flags, 8);
  header.writeUInt32LE(dosTime(modified), 12);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(Math.min(size, MAX32), 20);
  header.writeUInt32LE(Math.min(size, MAX32), 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(name.at(-1) === SLASH ? FOLDER : FILE, 38);
  header.writeUInt32LE(Math.min(offset, MAX32), 42);
  return Buffer.concat([header, name, extra]);
}

function endRecords(count: number, size: number, start: number, comment: Buffer): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, MAX16), 8);
  end.writeUInt16LE(Math.min(count, MAX16), 10);
  end.writeUInt32LE(Math.min(size, MAX32), 12);
  end.writeUInt32LE(Math.min(start, MAX32), 16);
  end.writeUInt16LE(comment.length, 20);
  if (count < MAX16 && size < MAX32 && start < MAX32) return Buffer.concat([end, comment]);
  const wide = Buffer.alloc(56 + 20);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  wide.writeUInt16LE((3 << 8) | 45, 12);
  wide.writeUInt16LE(45, 14);
  wide.writeBigUInt64LE(BigInt(count), 24);
  wide.writeBigUInt64LE(BigInt(count), 32);
  wide.writeBigUInt64LE(BigInt(size), 40);
  wide.writeBigUInt64LE(BigInt(start), 48);
  wide.writeUInt32LE(0x07064b50, 56);
  wide.writeBigUInt64LE(BigInt(start + size), 64);
  wide.writeUInt32LE(1, 72);
  return Buffer.concat([wide, end, comment]);
}
