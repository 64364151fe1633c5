import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A REST store that answers as a test says, and counts. */
export interface ScriptedStore {
  /** With a slash at its end. */
  readonly url: string;
  /** Requests whose answers are not out yet; of this path alone, if told. */
  open(path?: string): number;
  /** The most of them there ever were at a time. */
  readonly most: number;
  close(): Promise<void>;
}

/** Starts it; `answer` gets each request with its path, and may leave it open. */
export async function startScripted(
  answer: (path: string, response: ServerResponse, request: IncomingMessage) => void,
): Promise<ScriptedStore> {
  const open = new Map<object, string>();
  let most = 0;
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    open.set(response, path);
    most = Math.max(most, open.size);
    response.once('close', () => open.delete(response));
    answer(path, response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    open: (path) => [...open.values()].filter((one) => path === undefined || one === path).length,
    get most() {
      return most;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
