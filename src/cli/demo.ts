import { adapters } from '../../adapters/index.ts';
import { demoBatches } from '../../demo/batches.ts';
import { demoCallers } from '../../demo/callers.ts';
import { demoConfig } from '../../demo/config.ts';
import { startStores } from '../../demo/stores.ts';
import { checkConfig, type Env, rightOf } from '../config/load.ts';
import { secretsOf } from '../config/secrets.ts';
import { exportingOf } from '../observe/exporting.ts';
import { draining } from '../service/drain.ts';
import type { Ending } from '../service/ending.ts';
import { Front } from '../service/front.ts';
import { createLogger, Secrets } from '../service/log.ts';
import { commonOf, openEdition } from './edition.ts';
import { callersExamples, examples } from './examples.ts';
import { StartFault } from './start-fault.ts';
import { isLoopback, listen } from './listen.ts';
import { openSpans } from './open-spans.ts';
import { warn } from './reload.ts';
import { listenOn, type ListenFlags, logLevel } from './settings.ts';

/** What the command line says of the demo. */
export interface DemoFlags extends ListenFlags {
  /** Whether there are callers, with keys that are printed. */
  readonly callers: boolean;
}

/**
 * `codap demo`: serves embedded stores with sample data until a signal ends it, and says what to try. Logs
 * warnings only, unless told.
 */
export async function demo(ending: Ending, flags: DemoFlags, env: Env): Promise<void> {
  requireMingo();
  const stores = await startStores();
  const { callers, keys } = flags.callers ? demoCallers() : {};
  const raw = { ...demoConfig(stores), ...(callers && { callers }) };
  const config = rightOf(await checkConfig(raw, {}, adapters, await demoBatches()));
  const where = listenOn(flags, env, config);
  const logger = createLogger(logLevel(env, 'warn'), new Secrets(secretsOf(config, adapters)));
  const onLoopback = await isLoopback(where);
  warn(config, { logger, onLoopback });
  const spans = await openSpans(exportingOf(env), logger);
  const common = commonOf(config, { spans, logger, onLoopback, tells: true });
  const front = new Front(await openEdition(config, common), { logger });
  const running = {
    front,
    logger,
    async dispose() {
      await Promise.all([stores.close(), spans?.close()]);
    },
  };
  const { address } = await ending.runs(() => listen(front.app, where), draining(running));
  ending.reloads(async () => logger.warn('SIGHUP is for codap serve: the demo has no file to read again'));
  // It serves on where nobody can read this.
  process.stdout.on('error', () => {});
  console.log(`codap demo listens on ${address}\n\n${keys ? callersExamples(address, keys) : examples(address)}`);
}

/**
 * Throws StartFault without the package that the embedded MongoDB is made of, which a service does without.
 */
function requireMingo(): void {
  try {
    import.meta.resolve('mingo');
  } catch {
    throw new StartFault(
      'the demo needs the package mingo, which is not installed here: install the optional dependencies too (npm ci)',
    );
  }
}
