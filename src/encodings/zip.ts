import { bodyOrValue } from './archive/entry.ts';
import { sendArchive, type ArchiveFormat } from './archive/send.ts';
import { ZipWriter } from './archive/zip-writer.ts';
import type { Encoding } from './encoding.ts';

const format: ArchiveFormat = { mediaType: 'application/zip', extension: 'zip', start: (sink) => new ZipWriter(sink) };

/** An entry per reply, stored rather than deflated. */
export const zip: Encoding = {
  mediaType: format.mediaType,
  wants: bodyOrValue,
  bodiesInTurn: true,
  send: (running, plan, reply) => sendArchive(running, plan, reply, format),
};
