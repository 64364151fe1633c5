import { EventEmitter } from 'node:events';
import type { FastifyReply } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Plan } from '../../../src/batch/plan/node.ts';
import type { Running } from '../../../src/batch/run/run.ts';
import { Work } from '../../../src/budget/work.ts';
import type { Encoding, Frames } from '../../../src/encodings/encoding.ts';
import { sendAnswer } from '../../../src/service/http/send-answer.ts';
import { slowClock } from '../../budget/slow-clock.ts';

const BEAT_MS = 1000;

/** A client that takes a piece only where it is told to, or at once. */
class Client extends EventEmitter {
  readonly taken: string[] = [];
  readonly destroyed = false;
  readonly writableFinished = false;
  isSlow = false;

  write(chunk: string | Buffer): boolean {
    this.taken.push(String(chunk));
    return !this.isSlow;
  }
  end(): void {
    this.emit('finish');
  }
  setHeader(): void {}
  writeHead(): void {}
  flushHeaders(): void {}
  setTimeout(): void {}
}

/** Sends these frames. */
function send(client: Client, frames: AsyncIterable<Frames>, ended?: AbortSignal): Promise<void> {
  const reply = {
    raw: client,
    server: { isDraining: () => false },
    request: { raw: { headers: {} } },
    statusCode: 200,
    hijack() {},
    getHeaders: () => ({}),
    getHeader() {},
    header() {},
    code: () => ({ headers() {} }),
  } as unknown as FastifyReply;
  const batch = {
    work: new Work(Infinity).endsBy(Infinity, ended),
    options: { limits: { streamIdleMs: 1e6 } },
    cancel() {},
  };
  const heartbeat = { text: 'beat;', ms: BEAT_MS };
  const encoding = { encode: async () => ({ headers: {}, body: { kind: 'frames', frames, heartbeat } }) };
  return sendAnswer({ batch, root: {} } as unknown as Running, {} as Plan, encoding as unknown as Encoding, reply);
}

describe('frames', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('are told apart by heartbeats, which never stand within one', async () => {
    const client = new Client();
    const next = new EventEmitter();
    const sent = send(
      client,
      (async function* () {
        yield 'small;';
        await new Promise((resolve) => next.once('go', resolve));
        client.isSlow = true;
        yield ['la', 'r', 'ge;'];
        yield 'last;';
      })(),
    );
    await expect.poll(() => client.taken).toEqual(['small;']);
    vi.advanceTimersByTime(BEAT_MS);
    await expect.poll(() => client.taken).toEqual(['small;', 'beat;']);
    next.emit('go');
    await expect.poll(() => client.taken.at(-1)).toBe('la');
    vi.advanceTimersByTime(3 * BEAT_MS);
    client.isSlow = false;
    client.emit('drain');
    await sent;
    expect(client.taken.join('')).toBe('small;beat;large;last;');
  });

  it('that are large are written in turns with others, and to their end although the batch has ended', async () => {
    const client = new Client();
    await slowClock();
    let others = 0;
    const turn = vi.spyOn(Work.prototype, 'turn').mockImplementation(async () => {
      others += 1;
      throw new Error('nobody waits for it any more');
    });
    await send(
      client,
      (async function* () {
        yield Array.from({ length: 10 }, (_, at) => `${at};`);
      })(),
      AbortSignal.abort(),
    );
    expect(turn).toHaveBeenCalledTimes(others);
    expect(others).toBeGreaterThan(5);
    expect(client.taken.join('')).toBe('0;1;2;3;4;5;6;7;8;9;');
  });
});
