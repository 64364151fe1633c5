import { createGzip } from 'node:zlib';
import type { Memory } from '../budget/memory.ts';
import { archiveEncoding } from './archive/encode.ts';
import { TarWriter } from './archive/tar-writer.ts';
import { writeTo, type ArchiveWriter, type Sink } from './archive/writer.ts';

/** An entry per reply. */
export const tar = archiveEncoding({
  mediaType: 'application/x-tar',
  extension: 'tar',
  start: (sink, memory) => new TarWriter(sink, memory),
});

/** The same tar, gzipped. */
export const tarGz = archiveEncoding({ mediaType: 'application/gzip', extension: 'tar.gz', start: gzip });

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
