import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that answers each request as a test says. */
export interface KeyServer extends AsyncDisposable {
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  answer: (response: ServerResponse) => void;
}

/** Starts it; it answers an empty key set, unless told. */
export async function startKeyServer(): Promise<KeyServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    running.answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const running: KeyServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    asked,
    answer: (response) => response.end('{"keys":[]}'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return running;
}
