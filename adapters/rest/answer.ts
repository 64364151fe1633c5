import type { Dispatcher } from 'undici';
import { CodapError } from '../../src/errors.ts';
import type { Payload } from '../../src/payload.ts';
import type { Context } from '../../src/fetch.ts';
import { collect } from '../collect.ts';
import { content, plain } from '../content.ts';
import { undoing } from '../decoders.ts';
import { owned } from '../owned.ts';
import { isAll, readPart } from '../part.ts';
import { transportFailure } from '../transport-failure.ts';
import { statusFailure } from './failure.ts';
import { readFields } from './fields.ts';

/** How an answer is to be read. */
export interface Reading {
  readonly want: Payload['kind'];
  readonly maxBytes: number;
  /** The fields that stand in `meta.headers`. */
  readonly responseHeaders: readonly string[];
  /** The `range` that was asked for, if any. */
  readonly range: string | undefined;
  readonly context: Pick<Context, 'signal' | 'memory' | 'work'>;
}

/** An answer as codap passes it on; whatever happens, its body is consumed or destroyed, or belongs to the payload. */
export async function readAnswer(
  answer: Dispatcher.ResponseData,
  { want, maxBytes, responseHeaders, range, context: { signal, memory, work } }: Reading,
): Promise<Payload> {
  const { statusCode: status, body } = answer;
  const { meta, codings, length, contentRange, retryAfterMs, isFramed } = readFields(
    status,
    answer.headers,
    responseHeaders,
  );
  const failure = statusFailure(status, retryAfterMs);
  if (failure) {
    drop(body);
    throw failure;
  }
  if (status === 206 && range === undefined && !isWhole(contentRange)) {
    body.on('error', () => {}).destroy();
    throw new CodapError('BAD_RESPONSE', 'the store answered a part, which it was not asked for', { status });
  }
  if (!isFramed || (want !== 'body' && codings?.length === 0 && (length ?? 0) > maxBytes)) {
    body.on('error', () => {}).destroy();
    if (isFramed) throw tooLarge(maxBytes);
    throw new CodapError('BAD_RESPONSE', 'the store answered in a transfer encoding that codap does not know', {
      status,
    });
  }
  if (want === 'body') {
    // What codap cannot decode, and a part of what is coded, is passed on as it came.
    const undone = status === 206 ? [] : (codings ?? []);
    const stored = undone.length === 0;
    return {
      kind: 'body',
      stream: owned(body, signal, transportFailure, undoing(undone)),
      meta: {
        ...meta,
        ...(stored && length !== undefined && { length }),
        ...(contentRange !== undefined && { contentRange }),
      },
    };
  }
  // Small answers are the many: a stream of our own around each would cost as much as the request.
  const stream = codings?.length ? owned(body, signal, transportFailure, undoing(codings)) : body;
  // Of a coding that codap does not know, it can still read nothing at all.
  const most = codings ? maxBytes : 0;
  const tooMany = (): CodapError => (codings ? tooLarge(maxBytes) : unknownCoding(status));
  const bytes = await collect(stream, most, memory, tooMany).catch((error: unknown) => {
    throw transportFailure(error);
  });
  const empty = status === 204 || status === 304 || (bytes.length === 0 && meta.contentType === undefined);
  return empty ? plain(null, meta) : content(bytes, 'auto', meta, work);
}

/** Lets an answer that nobody reads end, so that its connection can serve again; one that is long or slow is cut. */
export function drop(body: Dispatcher.ResponseData['body']): void {
  body.on('error', () => {});
  body.dump({ limit: 65_536, signal: AbortSignal.timeout(500) }).catch(() => {});
}

function tooLarge(maxBytes: number): CodapError {
  return new CodapError('TOO_LARGE', `the body has more than ${maxBytes} bytes, the source's maxBytes`);
}

function unknownCoding(status: number): CodapError {
  return new CodapError(
    'BAD_RESPONSE',
    'the store answered in a content encoding that codap does not know; raw bytes and archives pass it on as it came',
    { status },
  );
}

function isWhole(contentRange: string | undefined): boolean {
  const part = readPart(contentRange);
  return part !== undefined && isAll(part);
}
