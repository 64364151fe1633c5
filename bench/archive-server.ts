import { adapters } from '../adapters/index.ts';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ZipArchive } from 'archiver';
import Fastify from 'fastify';
import { buildApp } from '../src/service/app.ts';
import { parseConfig } from '../src/config/load.ts';
import { openSources } from '../src/sources/open.ts';

/**
 * A process that serves a store's bodies in one of the ways compared. It says its port and, when asked, its
 * CPU time in milliseconds and its peak RSS in bytes.
 */
const [, , kind, store] = process.argv as [string, string, string, string];

const servers: Record<string, () => Promise<number>> = {
  async codap() {
    const config = parseConfig(
      {
        server: { timeoutMs: 30_000 },
        sources: {
          store: { adapter: 'rest', url: store },
        },
      },
      {},
      adapters,
    );
    const app = await buildApp(config, await openSources(config, adapters));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return (app.server.address() as AddressInfo).port;
  },

  /** The bodies one after the other, nothing around them. */
  async pipe() {
    const send = async (paths: readonly string[], response: ServerResponse): Promise<void> => {
      for (const path of paths) {
        const body = await open(path);
        body.pipe(response, { end: false });
        await once(body, 'end');
      }
      response.end();
    };
    const server = createServer((message, response) => void send(pathsOf(message), response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },

  async archiver() {
    const app = Fastify();
    app.get('/', (request, reply) => {
      const archive = new ZipArchive({ store: true });
      const add = async (): Promise<void> => {
        for (const [at, path] of pathsOf(request.raw).entries()) {
          const entered = once(archive, 'entry');
          archive.append(await open(path), { name: `${at}.bin` });
          await entered;
        }
        await archive.finalize();
      };
      void add();
      return reply.type('application/zip').send(archive);
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return (app.server.address() as AddressInfo).port;
  },
};

function pathsOf(message: IncomingMessage): string[] {
  return new URL(message.url as string, 'http://server').searchParams.getAll('path');
}

async function open(path: string): Promise<IncomingMessage> {
  return ((await once(get(store + path), 'response')) as [IncomingMessage])[0];
}

process.send?.(await servers[kind]?.());
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000, peak: process.resourceUsage().maxRSS * 1024 });
});
process.once('disconnect', () => process.exit());
