import type { IncomingHttpHeaders } from 'node:http';
import { httpDate } from '../../../adapters/http/http-date.ts';
import type { Encoded } from '../../encodings/encoding.ts';

/**
 * Whether a request wants an answer as it once was, and this is not that one (RFC 9110 §13.1.1, §13.1.4), by
 * the headers that it would have. No tag that codap makes is met: it is weak, and `If-Match` compares
 * strongly. A time says nothing where the answer has none of its own.
 */
export function isAnother(
  { 'if-match': tags, 'if-unmodified-since': since }: IncomingHttpHeaders,
  { etag, 'last-modified': modified }: Encoded['headers'],
): boolean {
  if (tags !== undefined)
    return tags.trim() !== '*' && !(tags.match(TAG) ?? []).some((tag) => tag === etag && !tag.startsWith('W/'));
  if (since === undefined || modified === undefined) return false;
  return Date.parse(String(modified)) > (httpDate(since) ?? Infinity);
}

const TAG = /(?:W\/)?"[^"]*"/g;
