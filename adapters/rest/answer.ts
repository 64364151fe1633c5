import type { Dispatcher } from 'undici';
import { CodapError } from '../../src/errors.ts';
import type { Payload } from '../../src/payload.ts';
import type { Context } from '../../src/fetch.ts';
import { collect } from '../collect.ts';
import { content, plain } from '../content.ts';
import { decoders } from '../decoders.ts';
import { owned } from '../owned.ts';
import { transportFailure } from '../transport-failure.ts';
import { statusFailure } from './failure.ts';
import { lengthOf, metaOf } from './meta.ts';

/** How an answer is to be read. */
export interface Reading {
  readonly want: Payload['kind'];
  readonly maxBytes: number;
  readonly context: Pick<Context, 'signal' | 'memory' | 'work'>;
}

/** An answer as codap passes it on; whatever happens, its body is consumed or destroyed, or belongs to the payload. */
export async function readAnswer(
  answer: Dispatcher.ResponseData,
  { want, maxBytes, context: { signal, memory, work } }: Reading,
): Promise<Payload> {
  const { statusCode: status, body } = answer;
  const { headers } = answer;
  const failure = statusFailure(status, one(headers['retry-after']));
  if (failure) {
    drop(body);
    throw failure;
  }
  const meta = metaOf(status, answer.headers);
  const length = lengthOf(answer.headers);
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
  const bytes = await collect(stream, maxBytes, memory, () => tooLarge(maxBytes)).catch((error: unknown) => {
    throw transportFailure(error);
  });
  await work.turnToRead(bytes.length);
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

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}
