import { setTimeout as pause } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

/** What has to be ended in an orderly way once it runs. */
export interface Running {
  readonly app: FastifyInstance;
  readonly logger: Logger;
  /** Milliseconds from the signal within which the process ends, whatever still runs. */
  readonly graceMs: number;
  /** Closes what the app used. */
  dispose(): PromiseLike<void>;
}

/** So long after the last answer requests that were on their way are still refused by a status rather than by a reset, in milliseconds. */
const LINGER_MS = 250;
/** Connections that are still open so long after the last answer are cut, in milliseconds. */
const CUT_MS = 500;
/** So long after the last answer the process ends, whatever does not close, in milliseconds. */
const END_MS = 1500;

/**
 * From now on SIGTERM and SIGINT end the process: before `started` at once; after it readiness fails, running answers are finished, and all is closed.
 * A second signal ends it at once. Exit status 1 if answers were cut or the cause was an uncaught error, else 0.
 */
export function endOnSignal(): { started(running: Running): void } {
  let running: Running | undefined;
  closeWithGrace({ delay: false, logger: false }, async ({ signal, err }) => {
    if (!running) {
      if (err) console.error(err);
      return;
    }
    const { app, logger, graceMs } = running;
    if (err) logger.fatal({ err }, 'ending after an uncaught error');
    else logger.info({ signal }, 'draining');
    setTimeout(() => process.exit(1), graceMs);
    await app.drain();
    setTimeout(() => process.exit(err ? 1 : 0), END_MS);
    setTimeout(() => app.server.closeAllConnections(), CUT_MS);
    await pause(LINGER_MS);
    await app.close();
    await running.dispose();
  });
  return {
    started(now) {
      running = now;
    },
  };
}
