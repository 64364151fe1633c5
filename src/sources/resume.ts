import { Readable } from 'node:stream';
import type { Memory } from '../budget/memory.ts';
import { classify, CodapError, toCodapError } from '../errors.ts';
import type { Query } from '../store/fetch.ts';
import type { Body, Payload } from '../store/payload.ts';
import type { Source } from './open.ts';

/** How often a body that breaks is taken up again where it broke. */
const RESUMES = 2;
/**
 * Statuses of an answer without a part to go on from; no byte of an empty object is within any range (416).
 */
const WITHOUT_PARTS = new Set<number | undefined>([200, 206, 416]);

/** An answer that is open, read by whoever opened it, within the time that it may take. */
export interface OpenAnswer {
  readonly payload: Payload;
  next(): Promise<IteratorResult<unknown, void>>;
  /** Ends it from outside: whoever waits for what is next is told why. */
  break(reason: CodapError): void;
  close(): void;
}

/** A body that is asked for in parts. */
export interface InParts<R extends OpenAnswer> {
  readonly source: Pick<Source, 'name' | 'part' | 'retries'>;
  readonly query: Query;
  /** Opens what a query asks for, unless this signal aborts first; `after` is where it broke before. */
  open(query: Query, closed?: AbortSignal, after?: CodapError): Promise<R>;
}

/** The beginning of a body, read, and what the store says of the whole. */
export interface Beginning {
  readonly bytes: Buffer;
  readonly meta: Body['meta'];
}

/** Whether a body can be asked for in parts. */
export function isResumable({ part }: Pick<Source, 'part'>, op: string, params: unknown): boolean {
  return part({ op, params, want: 'body' }, 0) !== undefined;
}

/**
 * The first `most` bytes, counted as `held`. A store that does not answer in parts gives the whole, open.
 * `after`: how it failed before.
 */
export async function readBeginning<R extends OpenAnswer>(
  body: InParts<R>,
  most: number,
  held: Memory,
  after?: CodapError,
): Promise<Beginning | R> {
  let broken = after;
  for (let left = body.source.retries ? RESUMES : 0; ; left -= 1) {
    const opened = (await openBeginning(body, most, broken)) ?? (await body.open(body.query, undefined, broken));
    const { meta } = opened.payload as Body;
    if (!isOfBytes(meta.contentRange) && meta.length !== 0 && meta.status !== 304) return opened;
    const memory = held.part();
    try {
      return { bytes: await readAll(opened, most, memory, body), meta };
    } catch (error) {
      // Nothing of it was handed on: it is asked for anew.
      memory.close();
      if (left === 0 || !mayGoOn(error)) throw error;
      broken = error as CodapError;
    } finally {
      opened.close();
    }
  }
}

/** Whether an answer says that it is a part in bytes: one in other units, such as a page, is a whole body. */
function isOfBytes(contentRange = ''): boolean {
  return /^bytes /i.test(contentRange);
}

async function readAll<R extends OpenAnswer>(opened: R, most: number, held: Memory, body: InParts<R>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const step = await opened.next();
    if (step.done) return Buffer.concat(chunks);
    const chunk = step.value as Buffer;
    held.hold(chunk.length);
    chunks.push(chunk);
    length += chunk.length;
    if (length > most) throw otherPart(body);
  }
}

/** Whether an open body that has broken may be asked for again: a pause that is too long is one anywhere. */
function mayGoOn(error: unknown): boolean {
  return classify(error) === 'transient' && toCodapError(error).code !== 'TIMEOUT';
}

/** Opens the beginning. Undefined where the whole has to be asked for at once. */
async function openBeginning<R extends OpenAnswer>(
  body: InParts<R>,
  most: number,
  after: CodapError | undefined,
): Promise<R | undefined> {
  try {
    const opened = await body.open(body.source.part(body.query, 0, most - 1)!, undefined, after);
    if (leadsOn((opened.payload as Body).meta)) return opened;
    opened.close();
  } catch (error) {
    if (!WITHOUT_PARTS.has(toCodapError(error).status)) throw error;
  }
  return undefined;
}

/** Whether the rest can be asked for: its length is known, and whether it is of the same object. */
function leadsOn({ contentRange, size, length, etag }: Body['meta']): boolean {
  return contentRange === undefined || (size !== undefined && (size === length || etag?.startsWith('"') === true));
}

/**
 * The whole body from its beginning on. The rest, if any, is asked for when somebody reads that far, as of
 * the same object, and again from where it breaks. A generator that waits for the store cannot be told to
 * return: `closed` takes away what it waits for.
 */
export function resumed<R extends OpenAnswer>(body: InParts<R>, beginning: Beginning, closed: AbortSignal): Body {
  const { size, contentRange: _contentRange, ...told } = beginning.meta;
  const meta = size === undefined ? told : { ...told, size, length: size };
  // Nothing is asked for before the beginning was taken.
  const highWaterMark = Math.max(1, beginning.bytes.length);
  return {
    kind: 'body',
    stream: Readable.from(read(body, beginning, closed), { objectMode: false, highWaterMark }),
    meta,
  };
}

async function* read<R extends OpenAnswer>(
  body: InParts<R>,
  beginning: Beginning,
  closed: AbortSignal,
): AsyncGenerator<Buffer> {
  const { bytes, meta: whole } = beginning;
  const { size = bytes.length, etag } = whole;
  let offset = bytes.length;
  let left = body.source.retries ? RESUMES : 0;
  let broken: CodapError | undefined;
  if (offset > 0) yield bytes;
  if (offset >= size) return;
  let opened: R | undefined;
  closed.addEventListener('abort', () => opened?.break(closed.reason as CodapError), { once: true });
  while (offset < size) {
    try {
      opened = await body.open(body.source.part(body.query, offset, undefined, etag)!, closed, broken);
      const { meta } = opened.payload as Body;
      // Bytes from elsewhere, or of another object, would pass for its own.
      if (!meta.contentRange?.startsWith(`bytes ${offset}-`) || meta.etag !== etag || meta.size !== size)
        throw otherPart(body);
      for (;;) {
        const step = await opened.next();
        if (step.done) break;
        const chunk = step.value as Buffer;
        offset += chunk.length;
        if (offset > size) throw otherPart(body);
        yield chunk;
      }
      if (offset < size) throw new CodapError('UNAVAILABLE', 'the body ended too early', { source: body.source.name });
    } catch (error) {
      left -= 1;
      const mayPass = opened ? mayGoOn(error) : classify(error) === 'transient';
      // Where it may not be asked again, it is told what it already knows.
      if (left < 0 || error === broken || !mayPass) throw error;
      broken = error as CodapError;
    } finally {
      opened?.close();
      opened = undefined;
    }
  }
}

function otherPart({ source: { name: source } }: Pick<InParts<OpenAnswer>, 'source'>): CodapError {
  return new CodapError('BAD_RESPONSE', 'the store answered another part than it was asked for', { source });
}
