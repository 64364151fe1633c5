import type { Dispatcher } from 'undici';
import { CodapError } from '../../src/errors.ts';
import type { Payload } from '../../src/payload.ts';
import { turnToRead } from '../../src/turns.ts';
import { collect } from '../collect.ts';
import { content, plain } from '../content.ts';
import { decoders } from '../decoders.ts';
import { owned } from '../owned.ts';
import { isAll, readPart } from '../part.ts';
import { transportFailure } from '../transport-failure.ts';
import { statusFailure } from './failure.ts';
import { lengthOf, metaOf } from './meta.ts';

/** How an answer is to be read. */
export interface Reading {
  readonly want: Payload['kind'];
  readonly maxBytes: number;
  /** The `range` that was asked for, if any. */
  readonly range: string | undefined;
  readonly signal: AbortSignal;
}

/** An answer as codap passes it on; whatever happens, its body is consumed or destroyed, or belongs to the payload. */
export async function readAnswer(
  answer: Dispatcher.ResponseData,
  { want, maxBytes, range, signal }: Reading,
): Promise<Payload> {
  const { statusCode: status, body } = answer;
  const { headers } = answer;
  const failure = statusFailure(status, one(headers['retry-after']));
  if (failure) {
    drop(body);
    throw failure;
  }
  if (status === 206 && range === undefined && !isWhole(one(headers['content-range']))) {
    body.on('error', () => {}).destroy();
    throw new CodapError('BAD_RESPONSE', 'the store answered a part, which it was not asked for', { status });
  }
  const meta = metaOf(status, answer.headers);
  // What has not changed has no bytes, whatever length it would have.
  const length = status === 304 ? undefined : lengthOf(answer.headers);
  const coding = decoders(one(headers['content-encoding']));
  if (!coding || (want !== 'body' && (length ?? 0) > maxBytes)) {
    body.on('error', () => {}).destroy();
    throw coding
      ? tooLarge(maxBytes)
      : new CodapError('BAD_RESPONSE', 'the store answered in an unknown content encoding', { status });
  }
  if (want === 'body') {
    const contentRange = status === 206 ? one(headers['content-range']) : undefined;
    return {
      kind: 'body',
      stream: owned(body, signal, transportFailure, coding),
      meta: { ...meta, ...(length !== undefined && { length }), ...(contentRange !== undefined && { contentRange }) },
    };
  }
  // Small answers are the many: a stream of our own around each would cost as much as the request.
  const stream = coding.length === 0 ? body : owned(body, signal, transportFailure, coding);
  const bytes = await collect(stream, maxBytes, () => tooLarge(maxBytes)).catch((error: unknown) => {
    throw transportFailure(error);
  });
  await turnToRead(bytes.length);
  const empty = status === 204 || status === 304 || (bytes.length === 0 && meta.contentType === undefined);
  return empty ? plain(null, meta) : content(bytes, 'auto', meta);
}

/** Lets an answer that nobody reads end, so that its connection can serve again; one that is long or slow is cut. */
export function drop(body: Dispatcher.ResponseData['body']): void {
  body.on('error', () => {});
  body.dump({ limit: 65_536, signal: AbortSignal.timeout(500) }).catch(() => {});
}

function tooLarge(maxBytes: number): CodapError {
  return new CodapError('TOO_LARGE', `the body has more than ${maxBytes} bytes, the source's maxBytes`);
}

function isWhole(contentRange: string | undefined): boolean {
  const part = readPart(contentRange);
  return part !== undefined && isAll(part);
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}
