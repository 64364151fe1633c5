import { describe, expect, it, vi } from 'vitest';
import { CodapError } from '../../src/errors.ts';
import { Answer } from '../../src/batch/run/answer.ts';
import type { Frame } from '../../src/batch/run/frames.ts';
import type { Plan } from '../../src/batch/plan/node.ts';
import type { Running } from '../../src/batch/run/run.ts';
import type { Encoding } from '../../src/encodings/encoding.ts';
import { ndjson } from '../../src/encodings/ndjson.ts';
import { sse } from '../../src/encodings/sse.ts';

const LARGEST = 65_536;

/** An answer of one frame. */
function answerOf(frame: Frame): Answer {
  return {
    started: 0,
    async *replies() {
      yield frame;
      return { status: 'ok' };
    },
    byDeadline: (promise: Promise<unknown>) => promise,
  } as unknown as Answer;
}

/** An answer that has no frame yet, and fails a while after its deadline. */
function failingAfter(ms: number): Answer {
  const deadline = performance.now() + 100;
  const container = Promise.withResolvers<undefined>();
  const reply = Promise.resolve({ status: 'error' });
  const batch: { options: object; decidedBy?: object } = { options: { deadline } };
  setTimeout(() => {
    batch.decidedBy = { path: ['a'], error: new CodapError('TIMEOUT', 'too late') };
    container.resolve(undefined);
  }, 100 + ms);
  return new Answer({ batch, root: { container: container.promise, reply }, started: 0 } as unknown as Running);
}

const replyOf = (value: object): Frame =>
  ({ kind: 'reply', member: { path: ['a'], reply: { status: 'ok', value } } }) as unknown as Frame;
const itemsOf = (items: string[]): Frame => ({ kind: 'items', path: ['a'], index: 0, items });

/** The pieces in which the frames leave, the last of them without the last frame. */
async function pieces(encoding: Encoding, frame: Frame): Promise<Buffer[]> {
  const encoded = await encoding.encode(answerOf(frame), {} as Plan);
  if (encoded?.body.kind !== 'frames') throw new Error('no frames');
  const all: Buffer[] = [];
  for await (const piece of encoded.body.frames) {
    for (const slice of typeof piece === 'string' ? [piece] : piece) all.push(Buffer.from(slice as string));
  }
  return all.slice(0, -1);
}

describe.each([
  ['application/x-ndjson', ndjson, (event: string, json: string) => `{"event":"${event}",${json}}\n`],
  [
    'text/event-stream',
    sse,
    (event: string, json: string) => `event: ${event}\nid: 1\ndata: {"event":"${event}",${json}}\n\n`,
  ],
])('a frame of %s', (_type, encoding, written) => {
  const bytes = Buffer.from(`{\r\n "a": "${'ü\\n'.repeat(200_000)}",\n "b": [\n1]\n}`);
  const reply = written('reply', `"path":"/a","status":"ok","value":${String(bytes).replaceAll(/[\r\n]/g, ' ')}`);

  it('that is large leaves in slices, whatever its value came as, and on one line', async () => {
    const before = Buffer.from(bytes);
    const json = String(bytes).replaceAll(/[\r\n]/g, ' ');
    for (const value of [{ bytes }, { json }]) {
      const all = await pieces(encoding, replyOf(value));
      expect(all.length).toBeGreaterThan(String(bytes).length / LARGEST);
      expect(Math.max(...all.map(({ length }) => length))).toBeLessThanOrEqual(2 * LARGEST);
      expect(Buffer.concat(all).equals(Buffer.from(reply))).toBe(true);
    }
    // Others may be answered the same bytes.
    expect(bytes.equals(before)).toBe(true);
  });

  it('that is small leaves at once, on one line', async () => {
    const small = Buffer.from('[1,\n\t"ü",\r\n2]');
    const expected = written('reply', '"path":"/a","status":"ok","value":[1, \t"ü",  2]');
    expect((await pieces(encoding, replyOf({ bytes: small }))).map(String)).toEqual([expected]);
    expect(String(small)).toContain('\n');
  });

  it('of a large item leaves in slices, between those of small ones', async () => {
    const large = `"${'x'.repeat(1_000_000)}"`;
    const all = await pieces(encoding, itemsOf(['1', large, '2']));
    expect(Math.max(...all.map(({ length }) => length))).toBeLessThanOrEqual(2 * LARGEST);
    const text = Buffer.concat(all).toString();
    const found = [...text.matchAll(/^(?:data: )?(\{.*\})$/gm)].map(([, json]) => JSON.parse(json as string));
    expect(found.map(({ index, value }) => [index, String(value).length])).toEqual([
      [0, 1],
      [1, 1_000_000],
      [2, 1],
    ]);
  });
});

it.each([
  ['ndjson', 0, false],
  ['ndjson', 5, false],
  ['ndjson', 500, true],
  ['sse', 5, false],
] as const)('frames (%s) of a batch that fails %d ms after its deadline begin: %s', async (name, ms, begin) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const encoding = { ndjson, sse }[name];
    const encoded = encoding.encode(failingAfter(ms), {} as Plan);
    await vi.advanceTimersByTimeAsync(100 + ms);
    expect((await encoded) !== undefined).toBe(begin);
  } finally {
    vi.useRealTimers();
  }
});
