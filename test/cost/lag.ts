import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TOLD_MS, type Told } from './told.ts';

/**
 * Loaded into the service by `--import`: says again and again how long its event loop was held at most, and
 * of each request how long it took from the end of its body to the head of its answer, less the machine's
 * pauses shortly before. A turn of the loop counts as long as the thread computed in it, if that is less than
 * it took by the clock: what the machine did meanwhile is no fault of the service's.
 */
const EVERY_MS = 5;
/** How long before an answer the machine's pauses are counted, in milliseconds. */
const LATELY_MS = 150;

const tell = (told: Told): void => void process.send?.(told);

let clock = performance.now();
let cpu = process.threadCpuUsage();
let heldMs = 0;
/** When the machine gave the thread no time, and how much, of late. */
let stolen: (readonly [at: number, ms: number])[] = [];
setInterval(() => {
  const now = performance.now();
  const used = process.threadCpuUsage();
  const computed = (used.user + used.system - cpu.user - cpu.system) / 1000;
  const lateMs = now - clock - EVERY_MS;
  heldMs = Math.max(heldMs, Math.min(computed, lateMs));
  if (lateMs > computed) stolen.push([now, lateMs - computed]);
  stolen = stolen.filter(([at]) => now - at < LATELY_MS);
  clock = now;
  cpu = used;
}, EVERY_MS).unref();
setInterval(() => {
  tell({ heldMs });
  heldMs = 0;
}, TOLD_MS).unref();

subscribe('http.server.request.start', (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
  const id = request.headers['x-request-id'];
  if (typeof id !== 'string') return;
  let ended: number | undefined;
  request.once('end', () => (ended = performance.now()));
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = (...args: unknown[]) => {
    const pauses = stolen.reduce((sum, [, ms]) => sum + ms, 0);
    if (ended !== undefined) tell({ id, ms: performance.now() - ended - pauses });
    return writeHead(...args);
  };
});
