import type { Readable } from 'node:stream';
import { errors } from 'undici';
import { CodapError } from '../../src/errors.ts';

const DOCTYPE = /<!doctype/i;
/** A date whose second the SDK reads as one of a year before. */
const LEAP_SECOND = /(<LastModified>)(\d{4}-\d\d-\d\dT\d\d:\d\d:)60((?:\.\d+)?(?:Z|[-+]\d\d:\d\d)<)/;

/**
 * Why an answer's XML was not collected: that is its `cause`. The SDK writes its own text into the errors it
 * is given, and the cause of a stream that broke may be shown, to others too.
 */
export class UncollectedError extends Error {
  constructor(cause: unknown) {
    super('the XML of an answer was not collected', { cause });
  }
}

/**
 * What collects listings and errors for the SDK, and nothing else: bodies of objects do not come here. The
 * SDK's own collector has no bound, and its parser copies the whole text for each document type in it, which
 * no answer of S3 has, but an HTML page of what stands before the store.
 */
export function xmlCollector(maxBytes: number): (stream: Readable) => Promise<Uint8Array> {
  return (stream) =>
    collected(stream, maxBytes).catch((error: unknown) => {
      throw new UncollectedError(error);
    });
}

async function collected(stream: Readable, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  // It is destroyed where the loop is left, and tells so.
  stream.on('error', () => {});
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new errors.ResponseExceededMaxSizeError();
    // A chunk may be a few bytes of a large piece of memory, which it would keep.
    chunks.push(Buffer.from(chunk));
  }
  const bytes = Buffer.concat(chunks, size);
  const text = bytes.toString('latin1');
  if (!DOCTYPE.test(text)) return LEAP_SECOND.test(text) ? Buffer.from(withoutLeapSeconds(text), 'latin1') : bytes;
  throw new CodapError('BAD_RESPONSE', "the store's answer has a document type, which no answer of S3 has");
}

/** Each of them as the second after it, which is what a clock without leap seconds shows. */
function withoutLeapSeconds(text: string): string {
  return text.replaceAll(new RegExp(LEAP_SECOND, 'g'), (whole, before: string, minute: string, rest: string) => {
    const instant = Date.parse(`${minute}59${rest.slice(0, -1)}`) + 1000;
    return Number.isNaN(instant) ? whole : `${before}${new Date(instant).toISOString()}<`;
  });
}
