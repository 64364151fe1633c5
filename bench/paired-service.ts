import { adapters } from '../adapters/index.ts';
import { listen } from '../src/cli/listen.ts';
import { parseConfig } from '../src/config/load.ts';
import { buildApp } from '../src/service/app.ts';
import { openSaved } from '../src/saved/open-saved.ts';
import { createLogger, Secrets } from '../src/service/log.ts';
import { openSources } from '../src/sources/open.ts';

/** Where both listen. */
export const where = { host: '127.0.0.1', port: 0 };

/**
 * Serves as one of the two services that `compare` starts, before the store that it names: codap, with its
 * defaults and its log, or one by hand. It says its port, and, asked, its CPU time in ms and its peak RSS in
 * bytes.
 */
export async function serveAs(
  configOf: (url: string) => object,
  byHand?: (url: string) => Promise<string>,
): Promise<void> {
  const [, , kind, url] = process.argv as [string, string, string, string];
  const address = kind === 'byHand' && byHand ? await byHand(url) : await codap(configOf(url));
  process.send?.(Number(new URL(address).port));
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMs: (user + system) / 1000, peak: process.resourceUsage().maxRSS * 1024 });
  });
  process.once('disconnect', () => process.exit());
}

async function codap(raw: object): Promise<string> {
  const config = parseConfig(raw, {}, adapters);
  const { sources } = await openSources(config, adapters);
  const saved = await openSaved(config, sources);
  const logger = createLogger('info', new Secrets([]));
  return (await listen(await buildApp(config, { sources, saved, logger }), where)).address;
}
