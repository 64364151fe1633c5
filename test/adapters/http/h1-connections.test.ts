import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { answerOf } from '../../raw-store.ts';
import { failed } from '../failed.ts';
import { restByHand } from '../rest-by-hand.ts';

afterEach(() => void vi.useRealTimers());

const textOf = (text: string, ...fields: string[]) => answerOf(['content-type: text/plain', ...fields], text);

/** Until what was sent has been read, and a connection that is free can be used again. */
async function turns(): Promise<void> {
  for (let count = 0; count < 20; count++) await turn();
}

it('is used again after an answer, however that was split', async () => {
  const store = await restByHand();
  for (let count = 1; count <= 3; count++) {
    const answer = store.ask();
    const { socket } = await store.came(count);
    for (const octet of textOf(`the answer ${count}`)) {
      socket.write(Uint8Array.of(octet));
      await turn();
    }
    expect((await answer).value).toBe(`the answer ${count}`);
    await turns();
  }
  expect(store.sockets).toHaveLength(1);
});

it.each([
  ['what nobody asked for follows the answer', 'get', textOf('mine'), 'HTTP/1.1 200 OK\r\n'],
  ['a whole answer more follows it', 'get', textOf('mine'), textOf('planted')],
  ['the store says that it closes', 'get', textOf('mine', 'connection: close'), ''],
  ['the store says that it soon closes', 'get', textOf('mine', 'keep-alive: timeout=1'), ''],
  ['it was asked for a head', 'head', textOf(''), ''],
  ['204 tells a length', 'get', answerOf(['content-length: 7'], '', '204 None'), ''],
])('is closed, and not used again, where %s', async (_name, op, bytes, more) => {
  const store = await restByHand();
  const first = store.ask(op);
  const { socket } = await store.came(1);
  const gone = once(socket, 'close');
  socket.write(Buffer.concat([bytes, Buffer.from(more)]));
  await first;
  await gone;
  const second = store.ask();
  const { socket: other } = await store.came(2);
  expect(other).not.toBe(socket);
  other.write(textOf('second'));
  expect((await second).value).toBe('second');
});

it.each([
  ['is answered before the store has taken all of it', 8_000_000, false],
  ['is answered once the store has it', 8_000_000, true],
  ['is small', 10, false],
])(
  'is used again only for what does not wait behind a body: one that %s, of %i bytes (%s)',
  async (_name, bytes, isTaken) => {
    const store = await restByHand();
    const first = store.ask('post', { body: 'x'.repeat(bytes) });
    const { socket } = await store.came(1);
    if (isTaken) while (socket.bytesRead < bytes) await once(socket, 'data');
    else socket.pause();
    socket.write(textOf('first'));
    expect((await first).value).toBe('first');
    await turns();
    const second = store.ask();
    const isKept = isTaken || bytes < 65_536;
    socket.resume();
    const next = await store.came(2);
    expect(next.socket === socket).toBe(isKept);
    next.socket.write(textOf('second'));
    expect((await second).value).toBe('second');
  },
);

it('never gives an answer that was there before it was asked for', async () => {
  const store = await restByHand();
  const first = store.ask();
  const { socket } = await store.came(1);
  socket.write(textOf('first'));
  await first;
  await turns();
  socket.write(textOf('planted'));
  // The request is given to the connection before what was planted has been read.
  const second = store.ask();
  const { socket: other } = await store.came(2);
  expect(other).not.toBe(socket);
  other.write(textOf('second'));
  expect((await second).value).toBe('second');
});

it('that is lost with a request is that request’s failure, and it is not sent again', async () => {
  for (const op of ['get', 'post']) {
    const store = await restByHand();
    const answer = store.ask(op);
    const { socket } = await store.came(1);
    socket.resetAndDestroy();
    expect(await failed(answer)).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    await turns();
    expect(store.asked).toHaveLength(1);
  }
});

it('of several requests that says that it closes fails none: the others are asked again', async () => {
  const store = await restByHand({ pipelining: 4 });
  const answers = [1, 2, 3].map(() => store.ask());
  const { socket } = await store.came(3);
  socket.end(Buffer.concat([textOf('first', 'connection: close'), textOf('never read')]));
  expect((await answers[0])!.value).toBe('first');
  for (const count of [4, 5]) (await store.came(count)).socket.write(textOf('again'));
  for (const answer of answers.slice(1)) expect((await answer).value).toBe('again');
});

it('is closed once nobody has used it for a minute, or for as long as the store keeps it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  for (const [field, ms] of [
    ['x: y', 55_000],
    ['keep-alive: timeout=9', 7000],
  ] as const) {
    const store = await restByHand();
    const answer = store.ask();
    const { socket } = await store.came(1);
    socket.write(textOf('a', field));
    await answer;
    await vi.advanceTimersByTimeAsync(ms - 1000);
    await turns();
    expect(socket.destroyed).toBe(false);
    const gone = once(socket, 'close');
    await vi.advanceTimersByTimeAsync(2000);
    await gone;
  }
});

it('is found by name, and by either kind of address', async () => {
  for (const host of ['localhost', '127.0.0.1', '[::1]']) {
    const store = await restByHand({}, { host });
    const answer = store.ask('get', { path: 'x', query: { y: 'ü' } });
    const { socket, text } = await store.came(1);
    expect(text.split('\r\n').slice(0, 2)).toEqual(['GET /x?y=%C3%BC HTTP/1.1', `host: ${new URL(store.url).host}`]);
    socket.write(textOf('a'));
    expect((await answer).value).toBe('a');
  }
});

it('carries a body whole, its length told in bytes', async () => {
  const store = await restByHand();
  const answer = store.ask('post', { body: 'ü'.repeat(3) });
  const { socket, text } = await store.came(1);
  expect(text).toMatch(/\r\ncontent-length: 6\r\n\r\n(?:\xc3\xbc){3}$/);
  socket.write(textOf('a'));
  await answer;
});

it('is read into memory that no value holds', async () => {
  const store = await restByHand();
  for (const [at, size] of [10, 5000, 60_000].entries()) {
    const answer = store.ask();
    const { socket } = await store.came(at + 1);
    socket.write(answerOf(['content-type: application/json'], `"${'a'.repeat(size)}"`));
    const { bytes } = await answer;
    expect(bytes!.buffer.byteLength).toBeLessThanOrEqual(Math.max(Buffer.poolSize, size + 2));
    await turns();
  }
});
