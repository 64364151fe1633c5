import type { AddressInfo } from 'node:net';
import { buildApp } from '../src/app.ts';
import { parseConfig } from '../src/config.ts';
import { openSources } from '../src/sources/open.ts';

/** A service of its own process whose source takes 20 ms; told the source's address and `maxInFlight`, it says its port on its channel. */
const [, , url, maxInFlight] = process.argv;
const config = parseConfig({
  server: { maxInFlight: Number(maxInFlight) },
  sources: { slow: { adapter: 'rest', url } },
});
const opened = await openSources(config);
const app = await buildApp(config, { sources: opened.sources });
await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.((app.server.address() as AddressInfo).port);
process.once('disconnect', () => void app.close().then(() => process.exit()));
