import type { Meta } from '../../src/store/payload.ts';
import type { Coding } from '../http/decoded.ts';
import { codings } from '../http/decoders.ts';
import { agreed, isEntityTag, isLength, isMediaType, listed } from '../http/field-values.ts';
import { httpDate } from '../http/http-date.ts';
import { isOfOtherUnits, readPart, type Part } from '../http/part.ts';
import { retryAfterMs } from '../http/retry-after.ts';

/** The fields of an answer: of each its value, or its values where it came repeatedly, by lower-case name. */
export interface AnswerFields {
  get(name: string): string | string[] | undefined;
}

/** What an answer's header fields say: of each, one well-formed value, or nothing. */
export interface Fields {
  readonly meta: Meta;
  /** How the body is coded; undefined if in a way that codap does not know. */
  readonly codings: readonly Coding[] | undefined;
  /** Bytes of the body as it is sent. */
  readonly length: number | undefined;
  /** The part of the whole that a 206 says it holds, in bytes. */
  readonly part: Part | undefined;
  /** How a 206 says which part it holds, in whatever units. */
  readonly contentRange: string | undefined;
  /** Whether a 206 says that it holds a part in other units than bytes. */
  readonly isOfOtherUnits: boolean;
  readonly retryAfterMs: number | undefined;
}

/** Reads the fields of an answer; `shown` names those that stand in `meta.headers` as they came. */
export function readFields(status: number, headers: AnswerFields, shown: readonly string[]): Fields {
  const isPart = status === 206;
  const coding = headers.get('content-encoding');
  const known = coding === undefined ? NONE : codings(listed(coding));
  const contentRange = isPart ? agreed(headers.get('content-range')) : undefined;
  const part = contentRange === undefined ? undefined : readPart(contentRange);
  const isOther = contentRange !== undefined && isOfOtherUnits(contentRange);
  const length = status === 204 || status === 304 ? undefined : lengthOf(agreed(headers.get('content-length')));
  const wait = headers.get('retry-after');
  return {
    // The length of a body that will be decoded says nothing about the bytes that are handed on.
    meta: readMeta(status, headers, isPart ? part?.size : known?.length ? undefined : length, shown),
    codings: known,
    length,
    part,
    contentRange: part || isOther ? contentRange : undefined,
    isOfOtherUnits: isOther,
    retryAfterMs: wait === undefined ? undefined : retryAfterMs(agreed(wait)),
  };
}

const NONE: readonly Coding[] = [];

function readMeta(status: number, headers: AnswerFields, size: number | undefined, shown: readonly string[]): Meta {
  // Of an object that begins empty, four fields stand in itself.
  const meta: Meta = {};
  meta.status = status;
  const contentType = agreed(headers.get('content-type'));
  const etag = agreed(headers.get('etag'));
  const date = agreed(headers.get('last-modified'));
  const modified = date === undefined ? undefined : httpDate(date);
  if (contentType !== undefined && isMediaType(contentType)) meta.contentType = contentType;
  if (size !== undefined) meta.size = size;
  if (etag !== undefined && isEntityTag(etag)) meta.etag = etag;
  if (modified !== undefined) meta.lastModified = new Date(modified).toISOString();
  if (shown.length > 0) meta.headers = asTheyCame(headers, shown);
  return meta;
}

function lengthOf(text = ''): number | undefined {
  return isLength(text) ? Number(text) : undefined;
}

function asTheyCame(headers: AnswerFields, shown: readonly string[]): Record<string, string | string[]> {
  const came = shown.map((name) => [name, headers.get(name)] as const);
  return Object.fromEntries(came.filter((field): field is [string, string | string[]] => field[1] !== undefined));
}
