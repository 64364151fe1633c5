import { Readable } from 'node:stream';
import { openFlow } from './open-flow.ts';
import type { QueryNode } from '../plan/node.ts';
import { Opened } from './opened.ts';
import type { Scope } from './scope.ts';
import { classify, CodapError, notNeeded, toCodapError } from '../../errors.ts';
import type { Query } from '../../store/fetch.ts';
import type { Memory } from '../../budget/memory.ts';
import type { Body } from '../../store/payload.ts';

/** Bytes read ahead of each coming body. */
const HEAD = 64 * 1024;
/** How often a body that breaks is taken up again where it broke. */
const RESUMES = 2;
/** Statuses of an answer without a part to go on from; no byte of an empty object is within any range (416). */
const WITHOUT_PARTS = new Set<number | undefined>([200, 206, 416]);

type Asked = Pick<Query, 'op' | 'params'>;

/**
 * A body whose beginning is read by range, so that it holds no connection while it waits for its turn, and whose rest, if any, is
 * asked for when somebody reads that far: by range and `If-Match`, so that it is the same object. A rest that breaks is resumed likewise.
 */
export async function openAhead(node: QueryNode, asked: Asked, scope: Scope): Promise<Opened> {
  const held = scope.batch.memory.part();
  const head = await readHead(node, asked, scope, held).catch((error: unknown) => {
    held.close();
    throw error;
  });
  if (head instanceof Opened) return head;
  const { size, contentRange: _contentRange, ...told } = head.meta;
  const meta = size === undefined ? told : { ...told, size, length: size };
  const { source } = node;
  const closed = new AbortController();
  const stream = Readable.from(bytes(node, asked, scope, head, closed.signal), {
    objectMode: false,
    highWaterMark: HEAD,
  });
  return new Opened({ kind: 'body', stream, meta }, source.name, scope.batch.options.limits, () => {
    held.close();
    // A generator that waits for the store cannot be told to return: what it waits for is taken away.
    closed.abort(notNeeded());
  });
}

interface Head {
  readonly bytes: Buffer;
  readonly meta: Body['meta'];
}

/** The beginning; from a store that does not answer in parts, the whole, open. */
async function readHead(node: QueryNode, asked: Asked, scope: Scope, held: Memory): Promise<Head | Opened> {
  const opened = (await openHead(node, asked, scope)) ?? (await openFlow(node, { ...asked, want: 'body' }, scope));
  const { meta } = opened.payload as Body;
  if (meta.contentRange === undefined && meta.length !== 0 && meta.status !== 304) return opened;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for (;;) {
      const step = await opened.next();
      if (step.done) break;
      held.hold((step.value as Buffer).length);
      chunks.push(step.value as Buffer);
      length += (step.value as Buffer).length;
      if (length > HEAD) throw otherPart(node);
    }
  } finally {
    opened.close();
  }
  return { bytes: Buffer.concat(chunks), meta };
}

/** Opens the beginning; undefined where it is to be the whole at once. */
async function openHead(node: QueryNode, asked: Asked, scope: Scope): Promise<Opened | undefined> {
  try {
    const opened = await openFlow(node, ranged(asked, 0, HEAD - 1), scope);
    if (leadsOn((opened.payload as Body).meta)) return opened;
    opened.close();
  } catch (error) {
    if (!WITHOUT_PARTS.has(toCodapError(error).status)) throw error;
  }
  return undefined;
}

/** Whether it is known what follows: how much, and that it will be of the same object. */
function leadsOn({ contentRange, size, length, etag }: Body['meta']): boolean {
  return contentRange === undefined || (size !== undefined && (size === length || etag?.startsWith('"') === true));
}

async function* bytes(
  node: QueryNode,
  asked: Asked,
  scope: Scope,
  head: Head,
  closed: AbortSignal,
): AsyncGenerator<Buffer> {
  const { size = head.bytes.length, etag } = head.meta;
  let offset = head.bytes.length;
  let left = RESUMES;
  if (offset > 0) yield head.bytes;
  if (offset >= size) return;
  const until: Scope = { ...scope, signal: AbortSignal.any([scope.signal, closed]) };
  let opened: Opened | undefined;
  closed.addEventListener('abort', () => opened?.break(closed.reason as CodapError), { once: true });
  while (offset < size) {
    try {
      opened = await openFlow(node, ranged(asked, offset, undefined, etag), until);
      const { meta } = opened.payload as Body;
      // Bytes from elsewhere, or of another object, would pass for its own.
      if (!meta.contentRange?.startsWith(`bytes ${offset}-`) || meta.etag !== etag || meta.size !== size)
        throw otherPart(node);
      for (;;) {
        const step = await opened.next();
        if (step.done) break;
        offset += (step.value as Buffer).length;
        if (offset > size) throw otherPart(node);
        yield step.value as Buffer;
      }
      if (offset < size) throw new CodapError('UNAVAILABLE', 'the body ended too early', { source: node.source.name });
    } catch (error) {
      left -= 1;
      // A pause that is too long is one wherever the store would go on from.
      const paused = opened !== undefined && toCodapError(error).code === 'TIMEOUT';
      if (left < 0 || paused || classify(error) !== 'transient') throw error;
    } finally {
      opened?.close();
      opened = undefined;
    }
  }
}

function otherPart({ source }: QueryNode): CodapError {
  return new CodapError('BAD_RESPONSE', 'the store answered another part than it was asked for', {
    source: source.name,
  });
}

function ranged({ op, params }: Asked, first: number, last?: number, etag?: string): Query {
  const range = `bytes=${first}-${last ?? ''}`;
  return { op, params: { ...(params as object), range, ...(etag !== undefined && { ifMatch: etag }) }, want: 'body' };
}
