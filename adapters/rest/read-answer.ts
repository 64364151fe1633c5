import type { Duplex, Readable } from 'node:stream';
import type { Memory } from '../../src/budget/memory.ts';
import { CodapError } from '../../src/errors.ts';
import type { Freshness } from '../../src/store/freshness.ts';
import type { Body, Meta, Value } from '../../src/store/payload.ts';
import type { ReadContext } from '../../src/store/fetch.ts';
import { collect } from '../http/collect.ts';
import { content, nothing, plain, unchanged } from '../http/content.ts';
import type { Coding } from '../http/decoded.ts';
import { undoing } from '../http/decoders.ts';
import type { Format } from '../http/format.ts';
import { owned } from '../http/owned.ts';
import { checkPart, counting, endingThere, isAll, isCounted, isOfBytes, lengthOf } from '../http/part.ts';
import { unaskedFor304 } from '../http/status-code.ts';
import { transportFailure } from '../http/transport-failure.ts';
import type { UndiciAnswer } from '../http/undici-answer.ts';
import type { Dropping } from './dropping.ts';
import type { Portion, Reader } from './exchange.ts';
import { statusFailure } from './failure.ts';
import { type AnswerFields, readFields, type Fields } from './fields.ts';
import { freshnessOf } from './freshness-of.ts';

/** What is known before an answer is here. */
export interface Asked {
  /** The fields that stand in `meta.headers`. */
  readonly responseHeaders: readonly string[];
  /** The `range` that was asked for, if any. */
  readonly range: string | undefined;
  /** It says which answer who asks has already: 304 is that one. */
  readonly isConditional: boolean;
  /** A cache has no answer where it is still the one that it has kept. */
  readonly isRenewal: boolean;
}

/** What the head of an answer says. Throws where the body is none to read. */
function readHead(
  status: number,
  headers: AnswerFields,
  { responseHeaders, range, isConditional }: Asked,
  freshness?: Freshness,
): Fields {
  const fields = readFields(status, headers, responseHeaders);
  const failure = statusFailure(status, fields.retryAfterMs, freshness);
  if (failure) throw failure;
  if (status === 304 && !isConditional) throw unaskedFor304();
  if (status === 206 && (!fields.isOfOtherUnits || isOfBytes(range)))
    checkPart(endingThere(fields.part, range), fields.length, range);
  return fields;
}

/** Reads an answer as a value: its body gathered, at most `maxBytes` of it, decoded. */
export class GatheredAnswer implements Reader<Value> {
  readonly #asked: Asked;
  readonly #maxBytes: number;
  readonly #context: ReadContext;
  #fields: Fields | undefined;
  #freshness: Freshness | undefined;

  constructor(asked: Asked, maxBytes: number, context: ReadContext) {
    this.#asked = asked;
    this.#maxBytes = maxBytes;
    this.#context = context;
  }

  head(status: number, headers: AnswerFields): Portion {
    this.#freshness = freshnessOf(headers);
    this.#fields = readHead(status, headers, this.#asked, this.#freshness);
    const { codings, length, part } = this.#fields;
    // Of a coding that codap does not know, it can still read nothing at all.
    if (!codings) return { most: 0 };
    if (codingsUndone(this.#fields).length > 0 || isCounted(part, length))
      return { most: Infinity, decode: (source, memory) => this.#made(source, memory) };
    if (length !== undefined && length > this.#maxBytes) throw this.tooMany();
    return { most: this.#maxBytes, length };
  }

  tooMany(): CodapError {
    const { codings, meta } = this.#fields as Fields;
    return codings ? tooLarge(this.#maxBytes) : unknownCoding(meta.status);
  }

  whole(bytes: Buffer): Value | Promise<Value> {
    const { meta } = this.#fields as Fields;
    const { status, contentType } = meta;
    if (status === 304 && this.#asked.isRenewal) return unchanged(meta, this.#freshness);
    const isEmpty = status === 204 || status === 304 || (bytes.length === 0 && contentType === undefined);
    return isEmpty
      ? nothing(meta, this.#freshness)
      : content(bytes, this.#format, meta, this.#context, this.#freshness, this.#isWithin);
  }

  /** A part of a coded body cannot be decoded. */
  get #format(): Format {
    const fields = this.#fields as Fields;
    return isWhole(fields) ? 'auto' : fields.codings?.length === 0 ? 'part' : 'base64';
  }

  /** Whether it begins within a body; where it does not say, nothing of it is left out. */
  get #isWithin(): boolean {
    const fields = this.#fields as Fields;
    return !isWhole(fields) && fields.part?.first !== 0;
  }

  async #made(source: Readable, memory: Memory): Promise<Buffer> {
    const { signal, work } = this.#context;
    try {
      const made = owned(source, signal, transportFailure, making(this.#fields as Fields));
      return await collect(made, this.#maxBytes, { memory, work }, () => this.tooMany());
    } catch (error) {
      throw transportFailure(error);
    }
  }
}

/** Reads the answer to HEAD, which has no body. */
export class HeadAnswer implements Reader<Value> {
  readonly #asked: Asked;
  #meta: Meta = {};
  #freshness: Freshness | undefined;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  head(status: number, headers: AnswerFields): Portion {
    this.#freshness = freshnessOf(headers);
    this.#meta = readHead(status, headers, this.#asked, this.#freshness).meta;
    return NOTHING;
  }

  readonly tooMany = bodyToHead;

  whole(): Value {
    return plain(null, this.#meta, this.#freshness);
  }
}

/** Takes any answer as a sign that the store is there, and reads nothing but its status. */
export class AnyAnswer implements Reader<number> {
  #status = 0;

  head(status: number): Portion {
    this.#status = status;
    return NOTHING;
  }

  readonly tooMany = bodyToHead;

  whole(): number {
    return this.#status;
  }
}

/** Of an answer that has no body. */
const NOTHING: Portion = { most: 0 };

/** An answer whose body flows; whatever happens, that is dropped, or belongs to the payload. */
export function readFlowing(
  { status, fields: told, body }: UndiciAnswer,
  asked: Asked,
  signal: AbortSignal,
  dropping: Dropping,
): Body {
  let fields: Fields;
  try {
    fields = readHead(status, told, asked);
  } catch (error) {
    dropping.drop(body);
    throw error;
  }
  const { meta, contentRange } = fields;
  const length = fields.part ? lengthOf(fields.part) : fields.length;
  const isDecoded = codingsUndone(fields).length > 0;
  // What is decoded is no part of bytes any more, nor as long as what came.
  const isPart = fields.isOfOtherUnits || !isDecoded;
  return {
    kind: 'body',
    stream: owned(body, signal, transportFailure, making(fields)),
    meta: {
      ...meta,
      ...(status === 206 && !isPart && { status: 200 }),
      ...(!isDecoded && length !== undefined && { length }),
      ...(isPart && contentRange !== undefined && { contentRange }),
    },
  };
}

function bodyToHead(): CodapError {
  return new CodapError('BAD_RESPONSE', 'the store answered a body to HEAD');
}

function tooLarge(maxBytes: number): CodapError {
  return new CodapError('TOO_LARGE', `the body has more than ${maxBytes} bytes, the source's maxBytes`);
}

function unknownCoding(status: number | undefined): CodapError {
  return new CodapError(
    'BAD_RESPONSE',
    'the store answered in a content encoding that codap does not know; raw bytes and archives pass it on as it came',
    { status },
  );
}

/**
 * Whether an answer holds all there is, or is a part in other units than bytes: of a list's items, say, which
 * are a whole text (RFC 9110 §14.4).
 */
function isWhole({ meta, part, isOfOtherUnits }: Fields): boolean {
  return meta.status !== 206 || isOfOtherUnits || (part !== undefined && isAll(part));
}

/** What codap cannot decode, and a part of what is coded, stays as it came. */
function codingsUndone(fields: Fields): readonly Coding[] {
  return (isWhole(fields) ? fields.codings : undefined) ?? NONE;
}

const NONE: readonly Coding[] = [];

/** What a body goes through on its way. */
function making(fields: Fields): readonly Duplex[] {
  return [...counting(fields.part, fields.length), ...undoing(codingsUndone(fields))];
}
