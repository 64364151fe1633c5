import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crc32 } from 'node:zlib';
import { createServer as createHttpServer, request, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { giveBack, intoReadMemory } from '../../src/store/read-memory.ts';
import { startService, type Service } from '../service.ts';

/** What a socket that is read into the memory gives for each of these writes, one chunk each. */
async function* chunksOf(writes: readonly Buffer[]): AsyncGenerator<Buffer> {
  const server = createServer((socket) => void socket.once('data', () => socket.end()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const socket = connect({ port: (server.address() as AddressInfo).port, onread: intoReadMemory });
  const [peer] = (await accepted) as [Socket];
  for (const write of writes) {
    peer.write(write);
    await once(socket, 'readable');
    yield socket.read() as Buffer;
  }
  socket.end('over').resume();
  await once(socket, 'close');
  server.close();
}

describe('memory that sockets are read into', () => {
  it('is used again once all of it was given back, and not before', async () => {
    const seen: ArrayBufferLike[] = [];
    for await (const chunk of chunksOf(Array.from({ length: 6 }, (_, at) => Buffer.alloc(1000, at)))) {
      const at = seen.length;
      expect(chunk.equals(Buffer.alloc(1000, at))).toBe(true);
      seen.push(chunk.buffer);
      // A part of what was read gives nothing back: somebody else may hold the other.
      giveBack(at < 3 ? chunk.subarray(0, 500) : chunk);
      if (at >= 3) giveBack(chunk);
    }
    expect(new Set(seen.slice(0, 4)).size).toBe(4);
    expect(new Set(seen).size).toBeLessThan(6);
  });

  it('is no business of a chunk that came from elsewhere', async () => {
    const foreign = Buffer.alloc(128 * 1024, 'x');
    giveBack(foreign);
    for await (const chunk of chunksOf([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]))
      expect(chunk.buffer).not.toBe(foreign.buffer);
  });
});

describe('what waits for a client that takes nothing', () => {
  const BYTES = 24_000_000;
  const store = createHttpServer((message, response) => {
    const [, name = '', framing = ''] = (message.url as string).split('/');
    if (framing === 'sized') response.setHeader('content-length', BYTES);
    response.end(contentOf(name));
  });
  let service: Service;
  beforeAll(async () => {
    store.listen(0, '127.0.0.1');
    await once(store, 'listening');
    const url = `http://127.0.0.1:${(store.address() as AddressInfo).port}/`;
    service = await startService({ sources: { store: { adapter: 'rest', url, timeoutMs: 10_000 } } });
  });
  afterAll(async () => {
    await service.close();
    store.close();
  });

  const ask = async (name: string, framing: string, accept: string): Promise<IncomingMessage> => {
    const headers = { 'content-type': 'application/json', accept };
    const asked = request(`${service.url}/ordered`, { method: 'POST', headers });
    asked.end(
      JSON.stringify({ queries: [{ source: 'store', op: 'get', params: { path: [name, framing] }, as: name }] }),
    );
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    // The test's own work makes the service lag.
    if (answer.statusCode !== 503) return answer.pause();
    answer.resume();
    await pause(100);
    return ask(name, framing, accept);
  };
  const holds = async (answer: IncomingMessage, name: string): Promise<void> => {
    const bytes = await buffer(answer);
    const content = contentOf(name);
    const from = bytes.indexOf(content.subarray(0, 64));
    expect(bytes.subarray(from, from + BYTES).equals(content), name).toBe(true);
  };

  it.each(['application/zip', 'application/x-tar', 'application/octet-stream'])(
    'keeps its memory while others are answered, under %s',
    async (accept) => {
      const slow = await Promise.all([ask('slow', 'sized', accept), ask('slower', 'chunked', accept)]);
      for (const name of ['one', 'two', 'three']) await holds(await ask(name, 'sized', accept), name);
      await holds(slow[0], 'slow');
      await holds(slow[1], 'slower');
    },
  );

  const contents = new Map<string, Buffer>();
  /** Bytes that no other name has, and that tell where they stand. */
  function contentOf(name: string): Buffer {
    const known = contents.get(name);
    if (known) return known;
    const seed = crc32(name);
    const pattern = Uint32Array.from({ length: 50_021 }, (_, at) => (seed + at * 2_654_435_761) >>> 0);
    const content = Buffer.alloc(BYTES, Buffer.from(pattern.buffer));
    contents.set(name, content);
    return content;
  }
});
