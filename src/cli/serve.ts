import { adapters } from '../../adapters/index.ts';
import { buildApp } from '../service/app.ts';
import { type Env, loadConfig } from '../config/load.ts';
import { secretsOf } from '../config/secrets.ts';
import { warningsOf } from '../config/warnings.ts';
import type { Ending } from '../service/drain.ts';
import { createLogger } from '../service/log.ts';
import { openSources } from '../sources/open.ts';
import { StartFault } from './start-fault.ts';
import { isLoopback, listen } from './listen.ts';
import { defaultFile, listenOn, type ListenFlags, logLevel } from './settings.ts';

/** `codap serve`: serves a configuration file until a signal ends it. */
export async function serve(ending: Ending, given: string | undefined, flags: ListenFlags, env: Env): Promise<void> {
  const file = given ?? defaultFile(env);
  if (file === undefined) {
    throw new StartFault(
      'there is no configuration: name a file, set CODAP_CONFIG or write ./codap.yaml. To see codap without one, run: codap demo',
    );
  }
  const config = await loadConfig(file, env, adapters);
  const where = listenOn(flags, env, config);
  const logger = createLogger(logLevel(env, 'info'), secretsOf(config, adapters));
  for (const { source, text } of warningsOf(config, adapters)) logger.warn({ source }, text);
  const opened = await openSources(config, adapters);
  const app = await buildApp(config, { sources: opened.sources, logger, onLoopback: await isLoopback(where) });
  const running = { app, logger, graceMs: config.server.graceMs, dispose: () => opened[Symbol.asyncDispose]() };
  await ending.runs(running, () => listen(app, where));
}
