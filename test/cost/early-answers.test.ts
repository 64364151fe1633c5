import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import stream from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { rest } from '../../adapters/rest.ts';
import { toCodapError } from '../../src/errors.ts';
import type { Payload, Value } from '../../src/store/payload.ts';
import { answerOf } from '../raw-store.ts';
import { restOptions, run } from '../adapters/rest-source.ts';

const MIB = 2 ** 20;

/** A store that answers once so much of a request is here, and closes with the rest unread. */
async function answering(answer: Buffer, after: number, close: (socket: Socket) => void) {
  const server = createServer((socket) => {
    let read = 0;
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        if (read >= after) return;
        read += bytes.length;
        if (read < after) return;
        socket.write(answer);
        close(socket);
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const options = restOptions({ url, methods: ['post'] });
  const source = await rest.open(options);
  return {
    post: (bytes: number, want: Payload['kind']) => run(source, options, 'post', { body: 'x'.repeat(bytes) }, { want }),
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]();
      server.close();
      await once(server, 'close');
    },
  };
}

const ENDS: Readonly<Record<string, (socket: Socket) => void>> = {
  destroyed: (socket) => socket.destroy(),
  reset: (socket) => socket.resetAndDestroy(),
};
const text = 'content-type: text/plain';
const closing = 'connection: close';
/** What the store says, and what comes of it. */
const ANSWERS: readonly (readonly [string, Buffer, string])[] = [
  ['a refusal', answerOf([text, closing], 'too much', '413 Content Too Large'), 'INVALID 413'],
  ['a refusal that does not say that it closes', answerOf([text], 'no', '431 Too Large'), 'INVALID 431'],
  ['a refusal up to its end', Buffer.from(`HTTP/1.1 400 Bad Request\r\n${closing}\r\n\r\n`), 'INVALID 400'],
  ['a value', answerOf([text], 'enough'), 'enough'],
  ['one in chunks', answerOf([text, 'transfer-encoding: chunked'], '6\r\nenough\r\n0\r\n\r\n'), 'enough'],
  ['one that is cut', answerOf([text, 'content-length: 9'], 'enough'), 'UNAVAILABLE'],
  ['nothing', Buffer.of(), 'UNAVAILABLE'],
];

it.each(
  ANSWERS.flatMap(([what, answer, outcome]) => Object.keys(ENDS).map((end) => [what, end, answer, outcome] as const)),
)(
  'of a store that does not take all of a body, what it says is the outcome: %s, by a connection that is %s',
  async (_what, end, answer, outcome) => {
    const seen = new Set<string>();
    for (const after of [1, 3 * MIB, 5 * MIB]) {
      await using store = await answering(answer, after, ENDS[end]!);
      for (const want of ['value', 'value', 'body', 'body'] as const)
        seen.add(await outcomeOf(store.post(8 * MIB, want)));
    }
    expect([...seen]).toEqual([outcome]);
  },
);

async function outcomeOf(call: Promise<Payload>): Promise<string> {
  try {
    const payload = await call;
    return payload.kind === 'body' ? await stream.text(payload.stream) : ((payload as Value).value as string);
  } catch (error) {
    const { code, status } = toCodapError(error);
    return status === undefined ? code : `${code} ${status}`;
  }
}
