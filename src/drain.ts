import { Server } from 'node:net';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Listening } from './cli/listen.ts';

/** What has to be ended in an orderly way once it runs. */
export interface Running {
  readonly app: FastifyInstance;
  readonly logger: Logger;
  /** Milliseconds from the signal within which the process ends, whatever still runs. */
  readonly graceMs: number;
  /** Closes what the app used. */
  readonly dispose: () => PromiseLike<void>;
}

/** What ends the process on a signal. */
export interface Ending {
  /** From now on a signal waits until `listen` has resolved, then drains what runs. Resolves, or rejects, as `listen` does. */
  runs(running: Running, listen: () => Promise<Listening>): Promise<Listening>;
}

/** How long before the grace period ends the answers still under way are told to end with an error, in milliseconds; a quarter of a short one. */
const CUT_MS = 500;
/** After the last answer, requests that were on their way are still refused by a status: until none came for so long, in milliseconds … */
const QUIET_MS = 400;
/** … but no longer than this on new connections (all of them are closed by `STOP_MS`), and than `LINGER_MS` on those that are open. */
const LISTEN_MS = 1000;
const STOP_MS = 1200;
const LINGER_MS = 1600;
/** What is open after that is cut so much later, in milliseconds. */
const CLOSE_MS = 100;
/** So long after the last answer the process ends, whatever does not close, in milliseconds. */
const END_MS = 1800;

/**
 * From now on SIGTERM and SIGINT end the process: while it starts, at once; once it listens, readiness fails, running answers are finished, and all is closed.
 * A second signal ends it at once. Exit status 1 if answers were cut or the cause was an uncaught error, else 0.
 */
export function endOnSignal(): Ending {
  let begun: { running: Running; listening: Promise<Listening> } | undefined;
  closeWithGrace({ delay: false, logger: false }, async ({ signal, err }) => {
    if (!begun) {
      if (err) console.error(err);
      return;
    }
    const { running, listening } = begun;
    const { servers } = await listening;
    if (err) running.logger.fatal({ err }, 'ending after an uncaught error');
    else running.logger.info({ signal }, 'draining');
    await end(running, servers, err ? 1 : 0);
  });
  return {
    runs(running, listen) {
      begun = { running, listening: listen() };
      return begun.listening;
    },
  };
}

async function end({ app, graceMs, dispose }: Running, servers: readonly Server[], status: 0 | 1): Promise<void> {
  let whole = false;
  setTimeout(() => process.exit(whole ? status : 1), graceMs);
  setTimeout(() => app.cut(), graceMs - Math.min(CUT_MS, graceMs / 4));
  const arrivals = watch(app);
  whole = await app.drain();
  if (!whole) status = 1;
  const answered = performance.now();
  setTimeout(() => process.exit(status), END_MS);
  const quiet = async (ms: number): Promise<void> => {
    while (performance.now() - Math.max(answered, arrivals.last) < QUIET_MS && performance.now() - answered < ms)
      await pause(20);
  };
  await quiet(LISTEN_MS);
  for (const server of servers) {
    // What the kernel holds for a listener that closes is reset: so each is closed in a turn that has found nothing there, if there is one.
    for (let before = -1; before !== arrivals.last && performance.now() - answered < STOP_MS; await turn())
      before = arrivals.last;
    // An HTTP server's own `close` would end the idle connections, too.
    Server.prototype.close.call(server);
  }
  await quiet(LINGER_MS);
  setTimeout(() => app.server.closeAllConnections(), CLOSE_MS);
  await app.close();
  await dispose();
  process.exit(status);
}

/** When the last connection or request came, or an instant long ago. */
function watch({ server }: FastifyInstance): { readonly last: number } {
  let last = 0;
  const note = (): void => void (last = performance.now());
  server.on('connection', note).on('request', note);
  return {
    get last() {
      return last;
    },
  };
}
