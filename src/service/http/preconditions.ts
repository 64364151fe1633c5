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

/**
 * Whether whoever asks by GET or HEAD has an answer already, by the headers that it has (RFC 9110 §13.1.2,
 * §13.1.3): its tag compares weakly, and only without any tags does its time count. That has to be the same:
 * an object that takes the place of another may be the older one.
 */
export function isKnown(
  { 'if-none-match': tags, 'if-modified-since': since }: IncomingHttpHeaders,
  { etag, 'last-modified': modified }: Encoded['headers'],
): boolean {
  if (tags !== undefined) {
    const tag = opaque(String(etag));
    return tags.trim() === '*' || (tags.match(TAG) ?? []).some((one) => opaque(one) === tag);
  }
  if (since === undefined || modified === undefined) return false;
  return Date.parse(String(modified)) === httpDate(since);
}

/** A tag as it is compared weakly. */
function opaque(tag: string): string {
  return tag.replace(/^W\//, '');
}

const TAG = /(?:W\/)?"[^"]*"/g;
