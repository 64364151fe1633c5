import { once } from 'node:events';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { processMemory } from '../../src/budget/memory.ts';
import { CodapError } from '../../src/errors.ts';
import type { Asked } from '../by-hand.ts';
import { answerOf } from '../raw-store.ts';
import { failed } from './failed.ts';
import { restByHand } from './rest-by-hand.ts';

const textOf = (text: string) => answerOf(['content-type: text/plain'], text);
const lines = (asked: readonly Asked[]) => asked.map(({ line }) => line);
const socketsOf = (asked: readonly Asked[]) => new Set(asked.map(({ socket }) => socket)).size;

describe('pipelining', () => {
  it('sends GETs by one connection before the first is answered, and gives each its own answer', async () => {
    const store = await restByHand({ pipelining: 4 });
    const answers = ['a', 'b', 'c', 'd'].map((path) => store.ask('get', { path }));
    await store.came(4);
    expect(lines(store.asked)).toEqual(['GET /a', 'GET /b', 'GET /c', 'GET /d']);
    expect(socketsOf(store.asked)).toBe(1);
    store.asked[0]!.socket.write(Buffer.concat(['A', 'B', 'C', 'D'].map(textOf)));
    expect((await Promise.all(answers)).map(({ value }) => value)).toEqual(['A', 'B', 'C', 'D']);
  });

  it.each([
    [1, 4, 4],
    [2, 5, 3],
    [16, 20, 2],
  ])('of at most %d sends %d GETs by %d connections', async (pipelining, count, connections) => {
    const store = await restByHand({ pipelining });
    const answers = Array.from({ length: count }, (_, at) => store.ask('get', { path: `${at}` }));
    await store.came(count);
    expect(socketsOf(store.asked)).toBe(connections);
    for (const { socket, line } of store.asked) socket.write(textOf(line));
    expect((await Promise.all(answers)).map(({ value }) => value)).toEqual(answers.map((_, at) => `GET /${at}`));
  });

  it('is for GET alone, and none is sent beside them', async () => {
    const store = await restByHand({ pipelining: 4 });
    const answers = ['head', 'post', 'get', 'post'].map((op) => store.ask(op));
    await store.came(4);
    expect(socketsOf(store.asked)).toBe(4);
    for (const { socket } of store.asked) socket.write(textOf(''));
    await Promise.all(answers);
  });

  it('lets one slow answer hold up those behind it', async () => {
    const store = await restByHand({ pipelining: 4 });
    const settled: string[] = [];
    const answers = ['slow', 'quick'].map((path) =>
      store.ask('get', { path }).then(({ value }) => settled.push(value as string)),
    );
    await store.came(2);
    const [{ socket }] = store.asked as [Asked];
    socket.write(textOf('slow').subarray(0, -1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toEqual([]);
    socket.write(Buffer.concat([Buffer.from('w'), textOf('quick')]));
    await Promise.all(answers);
    expect(settled).toEqual(['slow', 'quick']);
  });

  it('asks the others again where one is given up, whichever it is and however much of theirs was here', async () => {
    for (const given of [0, 1, 2]) {
      const store = await restByHand({ pipelining: 4 });
      const controller = new AbortController();
      const paths = ['a', 'b', 'c'];
      const memory = processMemory(Infinity);
      const answers = paths.map((path, at) =>
        at === given
          ? store.ask('get', { path }, { signal: controller.signal })
          : store.ask('get', { path }, { memory }),
      );
      await store.came(3);
      const [{ socket }] = store.asked as [Asked];
      const gone = once(socket, 'close');
      socket.write(answerOf(['content-type: text/plain'], 'half of it').subarray(0, -5));
      // What came before the answer to another has been read.
      const seen = store.ask('head');
      await store.came(4);
      store.asked[3]!.socket.write(textOf(''));
      await seen;
      const reason = new CodapError('TIMEOUT', 'late');
      controller.abort(reason);
      expect(await failed(answers[given]!)).toBe(reason);
      await gone;
      await store.came(6);
      const again = store.asked.slice(4);
      expect(lines(again)).toEqual(paths.filter((_, at) => at !== given).map((path) => `GET /${path}`));
      for (const { socket: other, line } of again) other.write(textOf(line));
      const others = await Promise.all(answers.filter((_, at) => at !== given));
      expect(others.map(({ value }) => value)).toEqual(lines(again));
      expect(memory.held).toBe(lines(again).join('').length);
    }
  });

  it.each<[string, (text: string) => Buffer]>([
    ['identity', (text) => Buffer.from(text)],
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['gzip, gzip', (text) => gzipSync(gzipSync(text))],
  ])('counts once what is asked for again, in the content encoding %s', async (coding, coded) => {
    const store = await restByHand({ pipelining: 4 });
    const controller = new AbortController();
    const memory = processMemory(Infinity);
    const answer = store.ask('get', { path: 'a' }, { memory });
    const given = store.ask('get', { path: 'b' }, { signal: controller.signal });
    await store.came(2);
    const text = answerOf(['content-type: text/plain', `content-encoding: ${coding}`], coded('text'));
    // All but a last byte that is none of the text's, or one that is.
    store.asked[0]!.socket.write(text.subarray(0, -1));
    await vi.waitFor(() => expect(memory.held).toBe(coding === 'identity' ? 3 : 4));
    controller.abort(new CodapError('TIMEOUT', 'late'));
    await store.came(3);
    expect(memory.held).toBe(0);
    store.asked[2]!.socket.write(text);
    expect((await answer).value).toBe('text');
    expect(memory.held).toBe(4);
    expect(await failed(given)).toMatchObject({ code: 'TIMEOUT' });
  });

  it('fails by a broken connection only what was being answered by it', async () => {
    const store = await restByHand({ pipelining: 4 });
    const answers = ['a', 'b', 'c'].map((path) => store.ask('get', { path }));
    await store.came(3);
    const [{ socket }] = store.asked as [Asked];
    socket.end(Buffer.concat([textOf('A'), textOf('half of it').subarray(0, -5)]));
    expect((await answers[0])!.value).toBe('A');
    expect(await failed(answers[1]!)).toMatchObject({ code: 'UNAVAILABLE' });
    await store.came(4);
    expect(store.asked[3]).toMatchObject({ line: 'GET /c' });
    store.asked[3]!.socket.write(textOf('C'));
    expect((await answers[2])!.value).toBe('C');
  });

  it('keeps a connection whose store refuses one of them', async () => {
    const store = await restByHand({ pipelining: 4 });
    const answers = ['a', 'b'].map((path) => store.ask('get', { path }));
    await store.came(2);
    store.asked[0]!.socket.write(Buffer.concat([answerOf([], 'no', '404 Not Found'), textOf('B')]));
    expect(await failed(answers[0]!)).toMatchObject({ code: 'NOT_FOUND' });
    expect((await answers[1])!.value).toBe('B');
    expect(socketsOf(store.asked)).toBe(1);
  });

  it('lets none overtake what waits, also where a connection is given back with an answer that nobody reads', async () => {
    const store = await restByHand({ pipelining: 2 }, { concurrency: 1 });
    const first = ['a', 'b', 'c', 'd'].map((path) => store.ask('get', { path }));
    await store.came(4);
    const [{ socket }] = store.asked as [Asked];
    const later = ['w1', 'w2', 'w3', 'w4'].map((path) => store.ask('get', { path }));
    const refused = answerOf([], 'no', '500 Internal Server Error');
    socket.write(Buffer.concat([refused, refused.subarray(0, -1)]));
    await Promise.all(first.slice(0, 2).map(failed));
    await store.came(6);
    expect(lines(store.asked.slice(4))).toEqual(['GET /w1', 'GET /w2']);
    for (const { socket: one, line } of store.asked.slice(2)) one.write(textOf(line));
    await store.came(8);
    for (const { socket: one, line } of store.asked.slice(6)) one.write(textOf(line));
    expect((await Promise.all(later)).map(({ value }) => value)).toEqual(['GET /w1', 'GET /w2', 'GET /w3', 'GET /w4']);
  });
});
