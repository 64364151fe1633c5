import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from './certificate.ts';

/** A request as it has come. */
export interface Asked {
  readonly socket: Socket;
  /** Its method and path. */
  readonly line: string;
  /** Its head, and what else of its connection had come by then; a character is an octet. */
  readonly text: string;
}

/** How a store by hand is reached, and what it does by itself. */
export interface ByHandOptions {
  /** How it is named. */
  readonly host?: string;
  /** Given, it speaks TLS. */
  readonly tls?: Certificate | undefined;
  /** Whether it goes on where a client has ended its half of a connection. */
  readonly allowHalfOpen?: boolean;
  /** Hears of each request, once its head is here: which one it is, from 0. */
  readonly answer?: (asked: Asked, index: number) => void;
}

/** A store whose answers, or whatever else comes of a request, a test writes to its connection. */
export interface ByHand {
  /** With a slash at its end. */
  readonly url: string;
  /** All connections so far. */
  readonly sockets: readonly Socket[];
  /** All requests so far. */
  readonly asked: readonly Asked[];
  /** Resolves once so many requests have come in all, with the last of them. */
  came(count: number): Promise<Asked>;
  readonly close: () => Promise<void>;
}

/** Starts it. */
export async function startByHand(options: ByHandOptions = {}): Promise<ByHand> {
  const { host = '127.0.0.1', tls, allowHalfOpen = false, answer } = options;
  const sockets: Socket[] = [];
  const asked: Asked[] = [];
  const waiting: (() => void)[] = [];
  const serve = (socket: Socket): void => {
    sockets.push(socket);
    let text = '';
    let ofBody = 0;
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        text += bytes.toString('latin1');
        for (;;) {
          const body = Math.min(ofBody, text.length);
          ofBody -= body;
          text = text.slice(body);
          const end = text.indexOf('\r\n\r\n');
          if (end < 0) return;
          const one = { socket, line: text.split(' HTTP', 1)[0]!, text };
          ofBody = Number(/^content-length: (\d+)/im.exec(text.slice(0, end))?.[1] ?? 0);
          text = text.slice(end + 4);
          asked.push(one);
          answer?.(one, asked.length - 1);
          for (const tell of waiting.splice(0)) tell();
        }
      });
  };
  const server = tls ? createTlsServer({ ...tls, allowHalfOpen }, serve) : createServer({ allowHalfOpen }, serve);
  server.listen(0, host.replace(/^\[(.*)\]$/, '$1'));
  await once(server, 'listening');
  return {
    url: `http${tls ? 's' : ''}://${host}:${(server.address() as AddressInfo).port}/`,
    sockets,
    asked,
    async came(count) {
      while (asked.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      return asked[count - 1]!;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
