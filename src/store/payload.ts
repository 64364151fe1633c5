import type { Readable } from 'node:stream';
import type { Steps, Work } from '../budget/work.ts';
import type { Mode } from '../json/typed-text.ts';
import type { Freshness } from './freshness.ts';

/** What a store says about a body, shown as `meta` beside a value. */
export interface Meta {
  status?: number;
  contentType?: string;
  /** Bytes, as stored. */
  size?: number;
  etag?: string;
  /** ISO 8601. */
  lastModified?: string;
  /** How the value stands for the stored bytes. */
  encoding?: 'json' | 'text' | 'base64';
  /** What the source's `responseHeaders` name, by lower-case name; a field that came repeatedly is a list. */
  headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Of a value out of a cache: whole milliseconds since the store was asked for it. */
  ageMs?: number;
}

/**
 * A gathered value. It may be shared by many who asked for it, so nobody changes it, nor anything inside it.
 * `json` is its text as the answer shows it, without line breaks where there are no `bytes`; `value` is
 * opened only if a reference or `select` looks inside. Both may stand behind getters, which a spread would
 * call: `withMeta` makes another of it.
 */
export interface Value {
  readonly kind: 'value';
  readonly json: string;
  /**
   * The same in UTF-8, where it came or was written so: whoever needs no text takes these as they are. They
   * may hold line breaks, between tokens only.
   */
  readonly bytes?: Buffer | undefined;
  /** Plain JavaScript with the typed leaves of `src/json/leaf.ts`, such as ObjectId, Date and Long. */
  readonly value: unknown;
  /** Reads `value` in turns with others, where that may take a while. */
  read?(work: Work): Steps<unknown>;
  /** What `membersIn` finds in its JSON, where that is known without a look at it. */
  readonly members?: number | undefined;
  /** How typed leaves are written: plain JSON, unless Extended JSON was asked for. */
  readonly mode?: Mode;
  readonly meta?: Meta;
  /** Where it stands for the bytes of a body that are not its JSON: what these are. */
  readonly stored?: Stored | undefined;
  /** Undefined where nothing stands against keeping it. */
  readonly freshness?: Freshness | undefined;
  /** Word that what `revalidate` asked about is still the same; there is no value then. */
  readonly isUnchanged?: boolean;
  /** The same in memory of its own, for whoever keeps it for long; undefined where it cannot tell. */
  keep?(): Kept | undefined;
}

/**
 * A body's bytes: those of the text that the value is, or that this is the base64 of, those of a text or of
 * JSON behind a byte order mark; or they themselves.
 */
export type Stored = 'text' | 'base64' | 'marked text' | 'marked JSON' | Buffer;

/** Bytes that are held beside a value's JSON. */
export function bytesBeside(stored: Stored | undefined): number {
  return typeof stored === 'object' ? stored.length : 0;
}

/** Bytes that a value counts for. */
export function bytesOf(value: Value): number {
  const { bytes, stored } = value;
  return (bytes?.length ?? Buffer.byteLength(value.json)) + bytesBeside(stored);
}

/** A value as it is kept for long. */
export interface Kept {
  /** Bytes of memory that it holds, however much of it is opened. */
  readonly bytes: number;
  /** The value again, with this `meta`; what somebody opens of it is not kept. */
  value(meta: Meta | undefined): Value;
}

/**
 * Items that a store sent together, at least one: their JSON, without line breaks, each made when it is its
 * turn.
 */
export type ItemBatch = Iterable<string>;

/** A list that is read batch by batch, by one reader; ending the iteration early closes it in the store. */
export interface Items {
  readonly kind: 'items';
  readonly items: AsyncIterable<ItemBatch>;
}

/** What is known of the bytes that follow, beside what `meta` shows. */
export interface BodyMeta {
  /** Bytes to come, where the store says. */
  readonly length?: number;
  /**
   * Of a partial answer: `bytes first-last/size` (RFC 9110 §14.4), `size` then being the whole object's; in
   * other units as the store says it.
   */
  readonly contentRange?: string;
}

/** A store's bytes, not yet read. It has one reader, who consumes or destroys it, and is never shared. */
export interface Body {
  readonly kind: 'body';
  readonly stream: Readable;
  readonly meta: Meta & BodyMeta;
}

/** A store's answer. */
export type Payload = Value | Items | Body;

/** Lets go of a payload that nobody will read. Never throws. */
export function discard(payload: Payload): void {
  if (payload.kind === 'body') payload.stream.on('error', () => {}).destroy();
  else if (payload.kind === 'items') leave(() => payload.items[Symbol.asyncIterator]());
}

/** Ends an iteration that nobody goes on with. Never throws: nobody wants to know how that went. */
export function leave(iterator: () => AsyncIterator<unknown>): void {
  const end = async (): Promise<unknown> => iterator().return?.();
  end().catch(() => {});
}
