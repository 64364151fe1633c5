import { archiveEncoding } from './archive/encode.ts';
import { ZipWriter } from './archive/zip-writer.ts';

/** An entry per reply, stored rather than deflated. */
export const zip = archiveEncoding({
  mediaType: 'application/zip',
  extension: 'zip',
  start: (sink) => new ZipWriter(sink),
});
