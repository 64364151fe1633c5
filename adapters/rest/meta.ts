import type { IncomingHttpHeaders } from 'node:http';
import type { Meta } from '../../src/payload.ts';

/** What an answer's headers say about its body. */
export function metaOf(status: number, headers: IncomingHttpHeaders): Meta {
  const meta: Meta = { status };
  const contentType = headers['content-type'];
  if (contentType !== undefined) meta.contentType = contentType;
  // Of an encoded body the length says nothing about the bytes that are handed on.
  const length = headers['content-encoding'] === undefined ? headers['content-length'] : undefined;
  if (length !== undefined && status !== 304) meta.size = Number(length);
  if (headers.etag !== undefined) meta.etag = headers.etag;
  const modified = new Date(headers['last-modified'] ?? Number.NaN);
  if (!Number.isNaN(modified.getTime())) meta.lastModified = modified.toISOString();
  return meta;
}
