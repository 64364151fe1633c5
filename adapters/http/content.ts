import { isAscii } from 'node:buffer';
import type { TextDecoder } from 'node:util';
import { CodapError } from '../../src/errors.ts';
import { isLoopHeld } from '../../src/budget/turns.ts';
import { markLength } from '../../src/json/body-text.ts';
import { JsonCheck } from '../../src/json/json-check.ts';
import { writeBytes } from '../../src/json/write.ts';
import type { Context } from '../../src/store/fetch.ts';
import type { Freshness } from '../../src/store/freshness.ts';
import { ownBytes } from '../../src/store/keep.ts';
import type { Kept, Meta, Stored, Value } from '../../src/store/payload.ts';
import { JsonBytes, KeptJson } from './json-bytes.ts';
import { AMBIGUOUS, decoderOf, formatOf, type Format } from './format.ts';

const NOTHING = Buffer.alloc(0);

/** Bytes from which on reading a text is work that waits for its turn. */
const LARGE = 65_536;

/** What reading a large body keeps to: whose turns it waits for, and until when. */
type Bounds = Pick<Context, 'work' | 'signal'>;

/** Data written as it was made. */
class Plain implements Value {
  readonly kind = 'value';
  readonly bytes: Buffer | undefined;
  readonly value: unknown;
  readonly meta?: Meta;
  readonly freshness: Freshness | undefined;
  readonly stored: Stored | undefined;
  #json: string | undefined;

  /** With the bytes of its JSON, where these were written in turns with others. */
  constructor(
    value: unknown,
    meta: Meta | undefined,
    freshness: Freshness | undefined,
    stored: Stored | undefined,
    bytes?: Buffer,
  ) {
    this.bytes = bytes;
    this.value = value;
    this.stored = stored;
    if (meta) this.meta = meta;
    this.freshness = freshness;
    // What is no data has no JSON, and is null, as within a list.
    if (!bytes) this.#json = JSON.stringify(value) ?? 'null';
  }

  get json(): string {
    return (this.#json ??= String(this.bytes));
  }

  /** JSON.parse reads what JSON.stringify wrote; how many members that has is a guess. */
  keep(): Kept {
    const bytes = ownBytes(this.bytes ?? Buffer.from(this.json));
    return new KeptJson(bytes, { members: bytes.length >> 3, isPlain: true }, this.stored);
  }
}

/**
 * Data that an adapter made of what JSON itself has, such as a listing. What a driver gave, which may hold
 * other types or be undefined, is a `TypedValue`.
 */
export function plain(value: unknown, meta?: Meta, freshness?: Freshness): Value {
  return new Plain(value, meta, freshness, undefined);
}

/** The value of a body without a byte that has no text for that. */
export function nothing(meta: Meta, freshness?: Freshness): Value {
  return new Plain(null, meta, freshness, NOTHING);
}

/** Word that what was asked about is still the same, to whoever has kept it. */
export function unchanged(meta: Meta, freshness?: Freshness): Value {
  return { kind: 'value', json: 'null', value: null, meta, freshness, isUnchanged: true };
}

/**
 * A body as a value. Its own `meta` is completed by its size and encoding; BAD_RESPONSE if its bytes are not
 * what they should be. A large one waits for its turn. What begins `within` another body has no byte order
 * mark: there it is a character.
 */
export function content(
  bytes: Buffer,
  format: Format,
  meta: Meta,
  bounds: Bounds,
  freshness?: Freshness,
  within = false,
): Value | Promise<Value> {
  if (bytes.length < LARGE) return read(bytes, format, meta, bounds, freshness, within);
  return inTurn(bounds).then(() => read(bytes, format, meta, bounds, freshness, within));
}

function read(
  bytes: Buffer,
  format: Format,
  meta: Meta,
  bounds: Bounds,
  freshness: Freshness | undefined,
  within: boolean,
): Value | Promise<Value> {
  const isPart = format === 'part';
  const encoding = format === 'auto' || isPart ? formatOf(meta.contentType) : format;
  // The bytes of a part are not how many there are.
  const size = meta.size ?? (meta.status === 206 ? undefined : bytes.length);
  if (size !== undefined) meta.size = size;
  meta.encoding = encoding;
  // JSON has no text for nothing; a store that sends none of it says so.
  if (encoding === 'json' && !isPart)
    return bytes.length === 0 ? nothing(meta, freshness) : json(bytes, meta, bounds, freshness, within);
  if (encoding === 'base64') return text(bytes.toString('base64'), 'base64', meta, bounds, freshness);
  meta.encoding = 'text';
  try {
    const reader = decoderOf(meta.contentType, bytes, within);
    if (isPart && AMBIGUOUS.test(reader.encoding)) return read(bytes, 'base64', meta, bounds, freshness, within);
    const decoded = reader.decode(bytes);
    return text(decoded, storedAs(bytes, decoded, reader), meta, bounds, freshness);
  } catch (cause) {
    if (isPart) return read(bytes, 'base64', meta, bounds, freshness, within);
    throw new CodapError('BAD_RESPONSE', 'a text that is not in the charset it should be in', { cause });
  }
}

/** How the bytes that were read as this text are known from it. In another charset most are ASCII, too. */
function storedAs(bytes: Buffer, text: string, { encoding, ignoreBOM }: TextDecoder): Stored {
  if (encoding === 'utf-8') return !ignoreBOM && markLength(bytes) > 0 ? 'marked text' : 'text';
  return text.length === bytes.length && isAscii(bytes) ? 'text' : bytes;
}

function text(
  value: string,
  stored: Stored,
  meta: Meta,
  bounds: Bounds,
  freshness: Freshness | undefined,
): Value | Promise<Value> {
  if (value.length < LARGE) return new Plain(value, meta, freshness, stored);
  return largeText(value, stored, meta, bounds, freshness);
}

async function largeText(
  value: string,
  stored: Stored,
  meta: Meta,
  { work, signal }: Bounds,
  freshness: Freshness | undefined,
): Promise<Value> {
  return new Plain(value, meta, freshness, stored, await work.do(writeBytes(value, 'plain', work), signal));
}

function json(
  bytes: Buffer,
  meta: Meta,
  bounds: Bounds,
  freshness: Freshness | undefined,
  within: boolean,
): Value | Promise<Value> {
  const mark = within ? 0 : markLength(bytes);
  const text = mark > 0 ? bytes.subarray(mark) : bytes;
  const check = new JsonCheck(text);
  const value = new JsonBytes(text, check, meta, freshness, mark > 0 ? 'marked JSON' : undefined);
  return check.go(LARGE) ? value : checked(value, check, bounds);
}

async function checked(value: Value, check: JsonCheck, bounds: Bounds): Promise<Value> {
  do await inTurn(bounds);
  while (!check.go(LARGE));
  return value;
}

async function inTurn({ work, signal }: Bounds): Promise<void> {
  if (isLoopHeld()) await work.turn(signal);
}
