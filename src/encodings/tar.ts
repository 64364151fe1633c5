import { createGzip } from 'node:zlib';
import type { Memory } from '../budget/memory.ts';
import { bodyOrValue } from './archive/entry.ts';
import { sendArchive, type ArchiveFormat } from './archive/send.ts';
import { TarWriter } from './archive/tar-writer.ts';
import { writeTo, type ArchiveWriter, type Sink } from './archive/writer.ts';
import type { Encoding } from './encoding.ts';

const plain: ArchiveFormat = {
  mediaType: 'application/x-tar',
  extension: 'tar',
  start: (sink, memory) => new TarWriter(sink, memory),
};
const gzipped: ArchiveFormat = { mediaType: 'application/gzip', extension: 'tar.gz', start: gzip };

/** An entry per reply. */
export const tar: Encoding = encoding(plain);

/** The same tar, gzipped. */
export const tarGz: Encoding = encoding(gzipped);

function encoding(format: ArchiveFormat): Encoding {
  return {
    mediaType: format.mediaType,
    wants: bodyOrValue,
    bodiesInTurn: true,
    send: (running, plan, reply) => sendArchive(running, plan, reply, format),
  };
}

function gzip(sink: Sink, memory: Memory): ArchiveWriter {
  const gzipStream = createGzip();
  const sent = (async () => {
    for await (const chunk of gzipStream) await sink(chunk as Uint8Array);
  })();
  sent.catch(() => {});
  const inner = new TarWriter((bytes) => writeTo(gzipStream, bytes), memory);
  return {
    add: (entry, name) => inner.add(entry, name),
    async end() {
      await inner.end('');
      gzipStream.end();
      await sent;
    },
  };
}
