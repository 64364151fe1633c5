import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Faults } from '../faults.ts';
import { type Answer, send } from './answer.ts';
import { Call } from './call.ts';

/** What a store counts. A request whose client went away before it was answered is `cancelled`. */
export interface Stats {
  /** Open now. */
  connections: number;
  /** Requests not yet answered. */
  running: number;
  /** By operation, such as `GET /products/B-1001`; of very many different ones only the first 10,000. */
  requests: Record<string, number>;
  cancelled: number;
}

/** An embedded HTTP store: what its requests are called, what it answers, and what its errors look like. */
export interface Service {
  store: string;
  operation(call: Call): string;
  answer(call: Call): Answer | Promise<Answer>;
  /** The answer that tells of a failure; `status` is missing where no one asked for a certain one. */
  failure(call: Call, status?: number): Answer;
}

/** Where a store listens; a free port of 127.0.0.1 if nothing is said. */
export interface Listening {
  host?: string;
  port?: number;
  faults?: Faults;
}

/** A running store. `stop` drops its connections and closes its port, `start` opens the same port again. */
export interface Served {
  readonly port: number;
  stats(): Stats;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Serves it, counts its requests and lets faults befall them. */
export async function serve(
  service: Service,
  { host = '127.0.0.1', port = 0, faults }: Listening = {},
): Promise<Served> {
  const requests = new Map<string, number>();
  const counts = { connections: 0, running: 0, cancelled: 0 };
  let down = false;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    const call = new Call(request, gone.signal);
    const operation = service.operation(call);
    if (requests.size < 10_000 || requests.has(operation)) requests.set(operation, (requests.get(operation) ?? 0) + 1);
    counts.running += 1;
    let dropped = false;
    response.once('close', () => {
      counts.running -= 1;
      if (response.writableFinished || dropped || down) return gone.abort();
      counts.cancelled += 1;
      gone.abort();
    });
    const fault = faults?.next(service.store, operation);
    if (fault?.kind === 'stall') return void (await once(response, 'close'));
    if (fault?.kind === 'delay') await setTimeout(fault.ms, undefined, { signal: gone.signal });
    dropped = fault?.kind === 'cut';
    if (fault?.kind === 'cut' && fault.afterBytes === undefined) return void request.socket.destroy();
    const answer = fault?.kind === 'fail' ? service.failure(call, fault.status) : await service.answer(call);
    await send(response, answer, gone.signal, fault?.kind === 'cut' || fault?.kind === 'drip' ? fault : undefined);
  }

  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (response.closed || response.destroyed) return;
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end(String(error));
    });
  });
  server.on('connection', (socket) => {
    counts.connections += 1;
    socket.once('close', () => (counts.connections -= 1));
  });

  async function listen(onPort: number): Promise<number> {
    server.listen(onPort, host);
    await once(server, 'listening');
    down = false;
    return (server.address() as AddressInfo).port;
  }

  const bound = await listen(port);
  return {
    port: bound,
    stats: () => ({ ...counts, requests: Object.fromEntries(requests) }),
    async start() {
      if (down) await listen(bound);
    },
    async stop() {
      if (down) return;
      down = true;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
