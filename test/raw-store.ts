import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A store that answers these very bytes, whatever they are, and ends the connection. */
export interface RawStore {
  /** With a slash at its end. */
  readonly url: string;
  /** The heads of all requests so far. */
  readonly heads: string[];
  close(): Promise<void>;
}

/** Starts it; `answer` gives the bytes for a path. */
export async function startRaw(answer: (path: string) => string | Uint8Array): Promise<RawStore> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let head = '';
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      head += bytes.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      heads.push(head);
      const bytesOf = answer(head.split(' ')[1] as string);
      socket.end(typeof bytesOf === 'string' ? Buffer.from(bytesOf, 'latin1') : bytesOf);
      head = '';
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    heads,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The bytes of an answer; its length is told unless the fields say how it is framed. */
export function answerOf(fields: readonly string[], body: string | Uint8Array = '', status = '200 OK'): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const framed = fields.some((field) => /^(?:content-length|transfer-encoding):/i.test(field));
  const lines = framed ? fields : [...fields, `content-length: ${bytes.length}`];
  return Buffer.concat([Buffer.from([`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n'), 'latin1'), bytes]);
}
