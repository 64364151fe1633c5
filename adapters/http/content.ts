import { MIMEType, TextDecoder } from 'node:util';
import { CodapError } from '../../src/errors.ts';
import { remembering } from '../../src/budget/remember.ts';
import { isHeld } from '../../src/budget/turns.ts';
import { JsonCheck } from '../../src/json/json-check.ts';
import { parseExact } from '../../src/json/parse.ts';
import { readJson } from '../../src/json/read-json.ts';
import { writeBytes } from '../../src/json/write.ts';
import type { Freshness } from '../../src/store/freshness.ts';
import { ownBytes } from '../../src/store/keep.ts';
import type { Kept, Meta, Value } from '../../src/store/payload.ts';
import type { Steps, Work } from '../../src/budget/work.ts';

/** Bytes of a byte order mark, which is no part of the text. */
const MARK = 3;

/** Bytes from which on reading a text is work that waits for its turn. */
const LARGE = 65_536;

/** How a body is read: by its content type, or as the query says. */
export type Format = 'auto' | 'json' | 'text' | 'base64';

/** Members up to which a text is read at once. */
const FEW = 10_000;

/** What checking a text found out. */
type Checked = Pick<JsonCheck, 'members' | 'isPlain'>;

/** JSON passed on as the bytes it came as, read as text, and opened, only if someone looks inside. */
class JsonBytes implements Value {
  readonly kind = 'value';
  readonly bytes: Buffer;
  readonly meta?: Meta;
  readonly freshness: Freshness | undefined;
  readonly #checked: Checked;
  #json: string | undefined;
  #value: unknown;
  #open = false;

  constructor(bytes: Buffer, checked: Checked, meta: Meta | undefined, freshness?: Freshness) {
    this.bytes = bytes;
    this.#checked = checked;
    if (meta) this.meta = meta;
    this.freshness = freshness;
  }

  get json(): string {
    return (this.#json ??= this.bytes.toString());
  }

  get value(): unknown {
    return this.#open ? this.#value : this.#opened(parseExact(this.json));
  }

  *read(work: Work): Steps<unknown> {
    if (this.#open) return this.#value;
    const { members, isPlain } = this.#checked;
    if (!isPlain || members > FEW) return this.#opened(yield* readJson(this.json, work));
    if (work.tick(members + (this.bytes.length >> 6))) yield;
    return this.#open ? this.#value : this.#opened(JSON.parse(this.json));
  }

  keep(): Kept {
    const { members, isPlain } = this.#checked;
    return new KeptJson(ownBytes(this.bytes), { members, isPlain });
  }

  #opened(value: unknown): unknown {
    this.#value = value;
    this.#open = true;
    return value;
  }
}

/** JSON that is kept: its bytes alone. */
class KeptJson implements Kept {
  readonly #bytes: Buffer;
  readonly #checked: Checked;

  constructor(bytes: Buffer, checked: Checked) {
    this.#bytes = bytes;
    this.#checked = checked;
  }

  get bytes(): number {
    return this.#bytes.length;
  }

  value(meta: Meta | undefined): Value {
    return new JsonBytes(this.#bytes, this.#checked, meta);
  }
}

/** Data written as it was made. */
class Plain implements Value {
  readonly kind = 'value';
  readonly bytes: Buffer | undefined;
  readonly value: unknown;
  readonly meta?: Meta;
  readonly freshness: Freshness | undefined;
  #json: string | undefined;

  /** With the bytes of its JSON, where these were written in turns with others. */
  constructor(value: unknown, meta: Meta | undefined, freshness: Freshness | undefined, bytes?: Buffer) {
    this.bytes = bytes;
    this.value = value;
    if (meta) this.meta = meta;
    this.freshness = freshness;
    if (!bytes) this.#json = JSON.stringify(value);
  }

  get json(): string {
    return (this.#json ??= String(this.bytes));
  }

  /** JSON.parse reads what JSON.stringify wrote; how many members that has is a guess. */
  keep(): Kept {
    const bytes = ownBytes(this.bytes ?? Buffer.from(this.json));
    return new KeptJson(bytes, { members: bytes.length >> 3, isPlain: true });
  }
}

/** Plain data made by an adapter, such as a listing. */
export function plain(value: unknown, meta?: Meta, freshness?: Freshness): Value {
  return new Plain(value, meta, freshness);
}

/** Word that what was asked about is still the same, to whoever has kept it. */
export function unchanged(meta: Meta, freshness?: Freshness): Value {
  return { kind: 'value', json: 'null', value: null, meta, freshness, isUnchanged: true };
}

/**
 * How a body of this content type is read under `auto`: JSON, any `text/*` whose charset is known, else
 * base64.
 */
export function formatOf(contentType = ''): Exclude<Format, 'auto'> {
  return formatIn(contentType);
}

const formatIn = remembering((contentType): Exclude<Format, 'auto'> => {
  const type = parsed(contentType);
  if (!type) return 'base64';
  if (/^(?:application|text)\/json$|\+json$/.test(type.essence)) return 'json';
  return type.type === 'text' && decoder(type.params.get('charset')) ? 'text' : 'base64';
});

/**
 * A body as a value. Its own `meta` is completed by its size and encoding; BAD_RESPONSE if its bytes are not
 * what they should be. A large one waits for its turn.
 */
export function content(
  bytes: Buffer,
  format: Format,
  meta: Meta,
  work: Work,
  freshness?: Freshness,
): Value | Promise<Value> {
  if (bytes.length < LARGE) return read(bytes, format, meta, work, freshness);
  return inTurn(work).then(() => read(bytes, format, meta, work, freshness));
}

function read(
  bytes: Buffer,
  format: Format,
  meta: Meta,
  work: Work,
  freshness: Freshness | undefined,
): Value | Promise<Value> {
  const encoding = format === 'auto' ? formatOf(meta.contentType) : format;
  // The bytes of a part are not how many there are.
  const size = meta.size ?? (meta.status === 206 ? undefined : bytes.length);
  if (size !== undefined) meta.size = size;
  meta.encoding = encoding;
  // JSON has no text for nothing; a store that sends none of it says so.
  if (encoding === 'json')
    return bytes.length === 0 ? plain(null, meta, freshness) : json(bytes, meta, work, freshness);
  if (encoding === 'base64') return text(bytes.toString('base64'), meta, work, freshness);
  try {
    const charset = parsed(meta.contentType)?.params.get('charset');
    return text((decoder(charset) ?? utf8()).decode(bytes), meta, work, freshness);
  } catch (cause) {
    throw new CodapError('BAD_RESPONSE', 'a text that is not in the charset it should be in', { cause });
  }
}

function text(value: string, meta: Meta, work: Work, freshness: Freshness | undefined): Value | Promise<Value> {
  return value.length < LARGE ? plain(value, meta, freshness) : largeText(value, meta, work, freshness);
}

async function largeText(value: string, meta: Meta, work: Work, freshness: Freshness | undefined): Promise<Value> {
  return new Plain(value, meta, freshness, await work.do(writeBytes(value, 'plain', work)));
}

function json(bytes: Buffer, meta: Meta, work: Work, freshness: Freshness | undefined): Value | Promise<Value> {
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const text = isMarked ? bytes.subarray(MARK) : bytes;
  const check = new JsonCheck(text);
  const value = new JsonBytes(text, check, meta, freshness);
  return check.go(LARGE) ? value : checked(value, check, work);
}

async function checked(value: Value, check: JsonCheck, work: Work): Promise<Value> {
  do await inTurn(work);
  while (!check.go(LARGE));
  return value;
}

async function inTurn(work: Work): Promise<void> {
  if (isHeld()) await work.turn();
}

function parsed(contentType: string | undefined): MIMEType | undefined {
  try {
    return contentType === undefined ? undefined : new MIMEType(contentType);
  } catch {
    return undefined;
  }
}

function decoder(charset: string | null | undefined): TextDecoder | undefined {
  try {
    return charset ? new TextDecoder(charset, { fatal: true }) : utf8();
  } catch {
    return undefined;
  }
}

function utf8(): TextDecoder {
  return new TextDecoder('utf-8', { fatal: true });
}
