import type { IncomingHttpHeaders } from 'node:http';
import type { Meta } from '../../src/store/payload.ts';
import type { Coding } from '../http/decoded.ts';
import { codings } from '../http/decoders.ts';
import { agreed, isEntityTag, isLength, isMediaType } from '../http/field-values.ts';
import { httpDate } from '../http/http-date.ts';
import { readPart } from '../http/part.ts';
import { retryAfterMs } from '../http/retry-after.ts';

/** What an answer's header fields say: of each, one well-formed value, or nothing. */
export interface Fields {
  readonly meta: Meta;
  /** How the body is coded; undefined if in a way that codap does not know. */
  readonly codings: readonly Coding[] | undefined;
  /** Bytes of the body as it is sent. */
  readonly length?: number;
  readonly contentRange?: string;
  readonly retryAfterMs?: number;
  /**
   * That the body is framed as HTTP/1.1 has it: in chunks, by its length, or by the end of the connection.
   */
  readonly isFramed: boolean;
}

/** Reads the fields of an answer; `shown` names those that stand in `meta.headers` as they came. */
export function readFields(status: number, headers: IncomingHttpHeaders, shown: readonly string[]): Fields {
  const of = (name: string): string | undefined => agreed(headers[name]);
  const bodiless = status === 204 || status === 304;
  const known = codings(listed(headers['content-encoding']));
  const part = status === 206 ? readPart(of('content-range')) : undefined;
  const length = bodiless ? undefined : lengthOf(of('content-length'));
  // The length of a body that will be decoded says nothing about the bytes that are handed on.
  const size = status === 206 ? part?.size : known?.length ? undefined : length;
  const contentType = of('content-type');
  const etag = of('etag');
  const date = of('last-modified');
  const modified = date === undefined ? undefined : httpDate(date);
  const wait = retryAfterMs(of('retry-after'));
  const meta: Meta = {
    status,
    ...(contentType !== undefined && isMediaType(contentType) && { contentType }),
    ...(size !== undefined && { size }),
    ...(etag !== undefined && isEntityTag(etag) && { etag }),
    ...(modified !== undefined && { lastModified: new Date(modified).toISOString() }),
    ...(shown.length > 0 && { headers: asTheyCame(headers, shown) }),
  };
  return {
    meta,
    codings: known,
    ...(length !== undefined && { length }),
    ...(part && { contentRange: of('content-range') }),
    ...(wait !== undefined && { retryAfterMs: wait }),
    isFramed: /^(?:chunked,?)*$/i.test(listed(headers['transfer-encoding']) ?? ''),
  };
}

/** The value of a field that is a list, in however many lines it came. */
function listed(field: string | string[] | undefined): string | undefined {
  return typeof field === 'object' ? field.join(',') : field;
}

function lengthOf(text = ''): number | undefined {
  return isLength(text) ? Number(text) : undefined;
}

function asTheyCame(headers: IncomingHttpHeaders, shown: readonly string[]): Record<string, string | string[]> {
  return Object.fromEntries(
    shown.filter((name) => Object.hasOwn(headers, name)).map((name) => [name, headers[name] as string | string[]]),
  );
}
