import type { IncomingHttpHeaders } from 'node:http';
import type { Meta } from '../../src/payload.ts';
import { codings } from '../decoders.ts';

/** What an answer's headers say about its body. */
export function metaOf(status: number, headers: IncomingHttpHeaders): Meta {
  const meta: Meta = { status };
  const contentType = headers['content-type'];
  if (contentType !== undefined) meta.contentType = contentType;
  const length = lengthOf(headers);
  const whole = status === 206 ? /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] : undefined;
  if (whole !== undefined) meta.size = Number(whole);
  else if (length !== undefined && status !== 206 && status !== 304) meta.size = length;
  if (headers.etag !== undefined) meta.etag = headers.etag;
  const modified = new Date(headers['last-modified'] ?? Number.NaN);
  if (!Number.isNaN(modified.getTime())) meta.lastModified = modified.toISOString();
  return meta;
}

/** Bytes that an answer will have; of an encoded body the header says nothing about the bytes that are handed on. */
export function lengthOf(headers: IncomingHttpHeaders): number | undefined {
  // One that comes more than once is a list.
  const coding = headers['content-encoding'] as string | string[] | undefined;
  const encoded = codings([coding ?? []].flat().join()).length > 0;
  const length = encoded ? undefined : headers['content-length'];
  return length === undefined ? undefined : Number(length);
}
