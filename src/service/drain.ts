import cluster from 'node:cluster';
import type { ServerResponse } from 'node:http';
import { Server, type Socket } from 'node:net';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Cause } from './ending.ts';
import { cutAfter, type Front, takenIn } from './front.ts';
import { cutAnswer } from './http/cut-connection.ts';
import { tellPrimary } from './primary.ts';

/** What has to be ended in an orderly way once it runs. */
export interface RunningService {
  readonly front: Front;
  readonly logger: Logger;
  /** Closes what else it used. */
  readonly dispose: () => PromiseLike<void>;
}

/** An app that listens. */
export interface Listening {
  readonly address: string;
  /** All that take connections for it, its own server first. */
  readonly servers: readonly Server[];
}

/**
 * After the last answer, requests that were on their way are still refused by a status: until none came for
 * so long, in milliseconds …
 */
const QUIET_MS = 400;
/** … but no longer than this on new connections, and than `LINGER_MS` on those that are open. */
const LISTEN_MS = 1000;
const LINGER_MS = 1600;
/** So long a worker that gets a signal waits for its primary's word, or a quarter of a short grace period. */
const WORD_MS = 500;
/**
 * So long before the grace period is over the process leaves, in milliseconds: of a short one an eighth, for
 * it takes some of it to leave; a worker half, for then its primary ends, and with it what hangs.
 */
export const AHEAD_MS = 100;
/** So long after the last answer the process ends, whatever does not close, in milliseconds. */
const END_MS = 1800;

/**
 * What ends the process of a running service: readiness fails, running answers are finished, all is closed.
 * Exit status 1 if answers were cut or the cause was an uncaught error, else 0.
 */
export function draining({ front, logger, dispose }: RunningService) {
  return async ({ servers }: Listening, { signal, err }: Cause, allEnd: Promise<void>): Promise<void> => {
    const { graceMs } = front.config.server;
    if (err) logger.fatal({ err }, 'ending after an uncaught error');
    else logger.info({ signal }, 'draining');
    tellPrimary({ kind: 'draining' });
    let status = err ? 1 : 0;
    let whole = false;
    const aheadMs = Math.min(AHEAD_MS, graceMs / (cluster.isWorker ? 2 : 8));
    const end = (): never => process.exit(whole ? status : 1);
    let toldAt = -Infinity;
    setTimeout(() => {
      // Where codap has stood still, those that are still under way may have been told in this very turn.
      const left = toldAt + takenIn(graceMs) - performance.now();
      if (left > 0) setTimeout(end, left);
      else end();
    }, graceMs - aheadMs);
    setTimeout(() => {
      toldAt = performance.now();
      front.cut();
    }, cutAfter(graceMs));
    // Whatever ends the process before that: the system would close the connections as after a last byte.
    process.once('exit', () => front.answers.forEach(cutAnswer));
    const arrivals = watch(front);
    // After an error nothing is begun any more.
    const drained = err && front.drain();
    const othersGoOn = cluster.isWorker && (err !== undefined || (await isAlone(allEnd, graceMs)));
    // Where this worker ends alone, the others take at once what would be refused here.
    if (othersGoOn) {
      await stopListening(servers, arrivals, performance.now() + LISTEN_MS);
      // Who has connected by then is still to ask.
      await quiet(arrivals, performance.now(), Math.min(QUIET_MS, graceMs / 4));
    }
    whole = await (drained ?? front.drain());
    if (!whole) status = 1;
    else if (!err) tellPrimary({ kind: 'drained' });
    const answered = performance.now();
    setTimeout(() => process.exit(status), END_MS);
    await quiet(arrivals, answered, LISTEN_MS);
    if (!othersGoOn) await stopListening(servers, arrivals, answered + LINGER_MS);
    await quiet(arrivals, answered, LINGER_MS);
    await front.close();
    await dispose();
    process.exit(status);
  };
}

/** Whether a worker has got a signal that its primary has not: until that is known all goes on. */
function isAlone(allEnd: Promise<void>, graceMs: number): Promise<boolean> {
  const told = allEnd.then(() => false);
  return Promise.race([told, pause(Math.min(WORD_MS, graceMs / 4), true)]);
}

/** Resolves once nothing has come for a while, or so long after an instant, such as the last answer. */
async function quiet(arrivals: Arrivals, answered: number, ms: number): Promise<void> {
  const isQuiet = (): boolean =>
    arrivals.open.size === 0 && performance.now() - Math.max(answered, arrivals.last) > QUIET_MS;
  while (!isQuiet() && performance.now() - answered < ms) {
    await pause(20);
    // After a timer that was late, what has come in the meantime is still to be seen.
    await turn();
  }
}

/**
 * Closes the listeners. What the kernel holds for one that closes is reset: so they are closed after a turn
 * that has found nothing there, if there is one by `deadline`.
 */
async function stopListening(servers: readonly Server[], arrivals: Arrivals, deadline: number): Promise<void> {
  let before: number;
  do {
    before = arrivals.last;
    await turn();
  } while (before !== arrivals.last && performance.now() < deadline);
  // An HTTP server's own `close` would end the idle connections, too.
  for (const server of servers) Server.prototype.close.call(server);
}

interface Arrivals {
  /** When the last connection or request came; 0 if none did. */
  readonly last: number;
  /** The connections whose first request has not come, or whose last one is not here whole and answered. */
  readonly open: ReadonlySet<Socket>;
}

function watch({ server, answers }: Front): Arrivals {
  let last = 0;
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    last = performance.now();
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  const follow = (response: ServerResponse): void => {
    const { req: request } = response;
    const { socket } = request;
    const leave = (): void => void open.delete(socket);
    open.add(socket);
    response.once('close', () => {
      if (request.complete || socket.destroyed) return leave();
      // A refusal would be lost if its connection ended under a body that still comes.
      request.once('end', leave);
      socket.once('close', leave);
    });
  };
  for (const answer of answers) follow(answer);
  server.on('request', (_request, response: ServerResponse) => {
    last = performance.now();
    follow(response);
  });
  return {
    open,
    get last() {
      return last;
    },
  };
}
