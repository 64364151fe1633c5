import type { IncomingHttpHeaders } from 'node:http';

/** What a client's copy is compared with. */
export interface Validators {
  /** With its quotes. */
  etag: string;
  lastModified: Date;
}

/**
 * The status that the conditional headers ask for instead of the whole answer (RFC 9110 §13.2.2): 304, 412,
 * or undefined.
 */
export function precondition(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): 304 | 412 | undefined {
  const changedSince = (date: string) => Math.floor(lastModified.getTime() / 1000) * 1000 > Date.parse(date);
  const match = headers['if-match'];
  const unmodified = headers['if-unmodified-since'];
  if (match !== undefined ? !names(match, etag) : unmodified !== undefined && changedSince(unmodified)) return 412;
  const noneMatch = headers['if-none-match'];
  const modified = headers['if-modified-since'];
  if (noneMatch !== undefined ? names(noneMatch, etag) : modified !== undefined && !changedSince(modified)) return 304;
  return undefined;
}

function names(list: string, etag: string): boolean {
  const bare = etag.replaceAll('"', '');
  return list
    .split(',')
    .some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '').replaceAll('"', '') === bare);
}
