import { expect, it } from 'vitest';
import { processMemory } from '../../src/budget/memory.ts';
import { CodapError, type Code, notNeeded } from '../../src/errors.ts';
import {
  type Beginning,
  type InParts,
  isResumable,
  readBeginning,
  type OpenAnswer,
  resumed,
} from '../../src/sources/resume.ts';
import type { Query } from '../../src/store/fetch.ts';
import type { Body } from '../../src/store/payload.ts';

const WHOLE = Buffer.from('abcdefghijklmnopqrstuvwxyz');
const MOST = 8;

/**
 * What happens to one part of a body: it ends with this failure, so many bytes in; or it is of another
 * object.
 */
interface Mishap {
  readonly after?: number;
  readonly fails?: Code;
  readonly status?: number;
  readonly meta?: Partial<Body['meta']>;
}

const BREAKS: Mishap = { after: 2, fails: 'UNAVAILABLE' };

/**
 * A body of a store in parts, whose answers go wrong in turn; `asked` says which bytes were asked for, of
 * which object.
 */
function storeOf(mishaps: readonly (Mishap | undefined)[], whole = WHOLE, retries = true) {
  const asked: string[] = [];
  let open = 0;
  const body: InParts<OpenAnswer> = {
    source: {
      name: 'shop',
      retries,
      part: (query, first, last, etag) => ({ ...query, params: { first, last, etag } }),
    },
    query: { op: 'get', params: {}, want: 'body' },
    open: ({ params }: Query) => {
      const { first = 0, last = whole.length - 1, etag } = params as { first?: number; last?: number; etag?: string };
      const mishap = mishaps[asked.length];
      asked.push(`${first}-${last}${etag ?? ''}`);
      if (mishap?.fails && mishap.after === undefined)
        return Promise.reject(new CodapError(mishap.fails, 'told to fail', { status: mishap.status }));
      const part = whole.subarray(first, Math.min(last + 1, whole.length));
      const chunks = [...part.subarray(0, mishap?.after)].map((byte) => Buffer.from([byte]));
      const contentRange = `bytes ${first}-${first + part.length - 1}/${whole.length}`;
      let broken: CodapError | undefined;
      let reject: (reason: CodapError) => void = () => {};
      open += 1;
      return Promise.resolve({
        payload: {
          kind: 'body',
          stream: undefined as never,
          meta: { size: whole.length, length: part.length, etag: '"1"', contentRange, ...mishap?.meta },
        },
        next: () => {
          const chunk = chunks.shift();
          if (broken) return Promise.reject(broken);
          if (chunk) return Promise.resolve({ done: false, value: chunk });
          if (mishap?.fails) return Promise.reject(new CodapError(mishap.fails, 'told to fail'));
          if (mishap?.after === undefined) return Promise.resolve({ done: true as const, value: undefined });
          return new Promise((_resolve, fail) => (reject = fail));
        },
        break: (reason) => reject((broken = reason)),
        close: () => (open -= 1),
      });
    },
  };
  return { body, asked, isOpen: () => open > 0 };
}

async function read(body: InParts<OpenAnswer>, closed = new AbortController().signal): Promise<string> {
  const beginning = (await readBeginning(body, MOST, processMemory(100))) as Beginning;
  const chunks: Buffer[] = [];
  for await (const chunk of resumed(body, beginning, closed).stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

it.each([
  ['at once where nothing happens', [], ['0-7', '8-25"1"']],
  [
    'twice from where it broke',
    [undefined, { after: 2, fails: 'UNAVAILABLE' }, { fails: 'TIMEOUT' }],
    ['0-7', '8-25"1"', '10-25"1"', '10-25"1"'],
  ],
] as const)('a body is read whole: %s', async (_name, mishaps, parts) => {
  const { body, asked, isOpen } = storeOf(mishaps);
  expect(await read(body)).toBe(WHOLE.toString());
  expect(asked).toEqual(parts);
  expect(isOpen()).toBe(false);
});

it.each([
  ['breaks a third time', { after: 1, fails: 'UNAVAILABLE' }, 'UNAVAILABLE', 4],
  ['fails for good', { fails: 'INVALID' }, 'INVALID', 2],
  ['pauses for too long', { after: 1, fails: 'TIMEOUT' }, 'TIMEOUT', 2],
  ['goes on as another object', { meta: { etag: '"2"' } }, 'BAD_RESPONSE', 2],
  ['goes on from elsewhere', { meta: { contentRange: 'bytes 0-25/26' } }, 'BAD_RESPONSE', 2],
  ['goes on with another size', { meta: { size: 27 } }, 'BAD_RESPONSE', 2],
] as const)('a body that %s ends with that failure, and nothing open', async (_name, mishap, code, count) => {
  const { body, asked, isOpen } = storeOf([undefined, mishap, mishap, mishap, mishap]);
  await expect(read(body)).rejects.toMatchObject({ code });
  expect(asked).toHaveLength(count);
  expect(isOpen()).toBe(false);
});

it.each([
  ['in its beginning', [BREAKS], ['0-7']],
  ['behind it', [undefined, BREAKS], ['0-7', '8-25"1"']],
])('a body of a source without retries that breaks %s ends with that', async (_where, mishaps, parts) => {
  const { body, asked, isOpen } = storeOf(mishaps, WHOLE, false);
  await expect(read(body)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(asked).toEqual(parts);
  expect(isOpen()).toBe(false);
});

it('a body that is its beginning is asked for once, and counted', async () => {
  const { body, asked } = storeOf([], WHOLE.subarray(0, 5));
  const memory = processMemory(100);
  const beginning = (await readBeginning(body, MOST, memory)) as Beginning;
  expect(memory.held).toBe(5);
  const { stream, meta } = resumed(body, beginning, new AbortController().signal);
  expect(Buffer.concat(await stream.toArray()).toString()).toBe('abcde');
  expect(meta).toMatchObject({ size: 5, length: 5 });
  expect(meta).not.toHaveProperty('contentRange');
  expect(asked).toEqual(['0-7']);
});

it.each([
  ['answers the whole', { meta: { contentRange: undefined } }, 1],
  ['answers in other units', { fails: 'BAD_RESPONSE', status: 206 }, 2],
  ['tells no size', { meta: { size: undefined } }, 2],
  ['tells no entity tag', { meta: { etag: undefined } }, 2],
] as const)('of a store that %s the whole is handed on, open', async (name, mishap, count) => {
  const contentRange = name.includes('units') ? 'items 0-24/573' : undefined;
  const { body, asked } = storeOf([mishap, { meta: { contentRange } }]);
  const whole = await readBeginning(body, MOST, processMemory(100));
  expect('next' in whole).toBe(true);
  expect(asked).toHaveLength(count);
});

it('whoever closes a body ends what it waits for', async () => {
  const closed = new AbortController();
  const { body, isOpen } = storeOf([undefined, { after: 2 }]);
  const beginning = (await readBeginning(body, MOST, processMemory(100))) as Beginning;
  const { stream } = resumed(body, beginning, closed.signal);
  const taken: Buffer[] = [];
  await expect(
    (async () => {
      for await (const chunk of stream) {
        taken.push(chunk as Buffer);
        if (Buffer.concat(taken).length === MOST + 2) setImmediate(() => closed.abort(notNeeded()));
      }
    })(),
  ).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(isOpen()).toBe(false);
});

it('a source whose connection has no parts has no body that can be resumed', () => {
  expect(isResumable({ part: () => undefined }, 'get', {})).toBe(false);
  expect(isResumable({ part: (query) => query }, 'get', {})).toBe(true);
});
