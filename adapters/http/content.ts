import { MIMEType, TextDecoder } from 'node:util';
import { CodapError } from '../../src/errors.ts';
import { isHeld } from '../../src/budget/turns.ts';
import { JsonCheck } from '../../src/json/json-check.ts';
import { parseExact } from '../../src/json/parse.ts';
import { readJson } from '../../src/json/read-json.ts';
import type { Meta, Value } from '../../src/store/payload.ts';
import type { Steps, Work } from '../../src/budget/work.ts';

/** A byte order mark, which is no part of the text. */
const MARK = Buffer.from('\uFEFF');

/** Bytes from which on reading a text is work that waits for its turn. */
const LARGE = 65_536;

/** How a body is read: by its content type, or as the query says. */
export type Format = 'auto' | 'json' | 'text' | 'base64';

/** Members up to which a text is read at once. */
const FEW = 10_000;

/** What checking a text found out. */
type Checked = Pick<JsonCheck, 'members' | 'isPlain'>;

/** JSON text passed on as it came, opened only if someone looks inside. */
export class JsonText implements Value {
  readonly kind = 'value';
  readonly json: string;
  readonly meta?: Meta;
  readonly #checked: Checked;
  #value: unknown;
  #open = false;

  constructor(json: string, { members, isPlain }: Checked, meta?: Meta) {
    this.json = json;
    this.#checked = { members, isPlain };
    if (meta) this.meta = meta;
  }

  get value(): unknown {
    return this.#open ? this.#value : this.#opened(parseExact(this.json));
  }

  *read(work: Work): Steps<unknown> {
    if (this.#open) return this.#value;
    const { members, isPlain } = this.#checked;
    if (!isPlain || members > FEW) return this.#opened(yield* readJson(this.json, work));
    if (work.tick(members + (this.json.length >> 6))) yield;
    return this.#open ? this.#value : this.#opened(JSON.parse(this.json));
  }

  #opened(value: unknown): unknown {
    this.#value = value;
    this.#open = true;
    return value;
  }
}

/** Plain data made by an adapter, such as a listing. */
export function plain(value: unknown, meta?: Meta): Value {
  return { kind: 'value', json: JSON.stringify(value), value, ...(meta && { meta }) };
}

/**
 * How a body of this content type is read under `auto`: JSON, any `text/*` whose charset is known, else
 * base64.
 */
export function formatOf(contentType = ''): Exclude<Format, 'auto'> {
  let format = formats.get(contentType);
  if (format === undefined) {
    format = readFormat(contentType);
    if (formats.size >= KNOWN) formats.clear();
    formats.set(contentType, format);
  }
  return format;
}

/** The content types of stores are few, and the same again and again: each is read once, up to so many. */
const formats = new Map<string, Exclude<Format, 'auto'>>();
const KNOWN = 256;

function readFormat(contentType: string): Exclude<Format, 'auto'> {
  const type = parsed(contentType);
  if (!type) return 'base64';
  if (/^(?:application|text)\/json$|\+json$/.test(type.essence)) return 'json';
  return type.type === 'text' && decoder(type.params.get('charset')) ? 'text' : 'base64';
}

/**
 * A body as a value, `meta` completed by its size and encoding; BAD_RESPONSE if its bytes are not what they
 * should be.
 */
export async function content(bytes: Buffer, format: Format, meta: Meta, work: Work): Promise<Value> {
  if (bytes.length >= LARGE && isHeld()) await work.turn();
  const encoding = format === 'auto' ? formatOf(meta.contentType) : format;
  // The bytes of a part are not how many there are.
  const size = meta.size ?? (meta.status === 206 ? undefined : bytes.length);
  const told = { ...meta, ...(size !== undefined && { size }), encoding };
  // JSON has no text for nothing; a store that sends none of it says so.
  if (encoding === 'json' && bytes.length === 0) return plain(null, told);
  if (encoding === 'base64') return plain(bytes.toString('base64'), told);
  if (encoding === 'json') return jsonText(bytes, told, work);
  try {
    return plain((decoder(parsed(meta.contentType)?.params.get('charset')) ?? utf8()).decode(bytes), told);
  } catch (cause) {
    throw new CodapError('BAD_RESPONSE', 'a text that is not in the charset it should be in', { cause });
  }
}

async function jsonText(bytes: Buffer, meta: Meta, work: Work): Promise<JsonText> {
  const json = bytes.indexOf(MARK) === 0 ? bytes.subarray(MARK.length) : bytes;
  const check = new JsonCheck(json);
  while (!check.go(LARGE)) if (isHeld()) await work.turn();
  if (json.length >= LARGE && isHeld()) await work.turn();
  return new JsonText(json.toString(), check, meta);
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
