import { adapters } from '../adapters/index.ts';
import { buildApp } from '../src/service/app.ts';
import { listen } from '../src/cli/listen.ts';
import { parseConfig } from '../src/config/load.ts';
import { openSources } from '../src/sources/open.ts';

/**
 * A service of its own process that asks one store; told its address and `maxInFlight`, it says its port on
 * its channel.
 */
const [, , url, maxInFlight] = process.argv;
const config = parseConfig(
  {
    server: { maxInFlight: Number(maxInFlight) },
    sources: { store: { adapter: 'rest', url, coalesce: false } },
  },
  {},
  adapters,
);
const opened = await openSources(config, adapters);
const app = await buildApp(config, { sources: opened.sources });
const { address } = await listen(app, { port: 0, host: '127.0.0.1' });
process.send?.(Number(new URL(address).port));
process.once('disconnect', () => void app.close().then(() => process.exit()));
