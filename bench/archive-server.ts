import type { AddressInfo } from 'node:net';
import { request, createServer } from 'node:http';
import { demoConfig } from '../demo/config.ts';
import { buildApp } from '../src/app.ts';
import { parseConfig } from '../src/config.ts';
import { openSources } from '../src/sources/open.ts';

/** A process that serves the stores it is told of, by codap or by a plain pipe of the same bytes; it says its port, and, asked, its peak RSS in bytes. */
const [, , kind, urls] = process.argv as [string, string, 'codap' | 'pipe', string];
const stores = JSON.parse(urls) as { mongoUrl: string; s3Endpoint: string; restUrl: string };

async function serveCodap(): Promise<number> {
  const config = parseConfig({ server: { timeoutMs: 30_000 }, sources: demoConfig(stores).sources });
  const opened = await openSources(config);
  const app = await buildApp(config, opened);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}

/** Each request names its paths in the store; their bytes go out one after the other. */
async function servePipe(): Promise<number> {
  const server = createServer((message, response) => {
    void (async () => {
      const paths = new URL(message.url as string, 'http://x').searchParams.getAll('path');
      for (const path of paths) {
        await new Promise<void>((resolve, reject) => {
          request(stores.restUrl + path, (stored) => {
            stored.pipe(response, { end: false });
            stored.once('end', resolve).once('error', reject);
          })
            .once('error', reject)
            .end();
        });
      }
      response.end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

process.send?.(await (kind === 'pipe' ? servePipe() : serveCodap()));
process.on('message', () => process.send?.(process.resourceUsage().maxRSS * 1024));
process.once('disconnect', () => process.exit());
