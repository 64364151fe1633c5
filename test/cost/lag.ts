import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TOLD_MS, type Told } from './told.ts';

/**
 * Loaded into the service by `--import`: says again and again how long its event loop was held at most, and of each request how long it took from
 * the end of its body to the head of its answer. A turn of the loop counts as long as the thread computed in it, if that is less than
 * it took by the clock: what the machine did meanwhile is no fault of the service's.
 */
const EVERY_MS = 5;

const tell = (told: Told): void => void process.send?.(told);

let clock = performance.now();
let cpu = process.threadCpuUsage();
let heldMs = 0;
setInterval(() => {
  const now = performance.now();
  const used = process.threadCpuUsage();
  const computed = (used.user + used.system - cpu.user - cpu.system) / 1000;
  heldMs = Math.max(heldMs, Math.min(computed, now - clock - EVERY_MS));
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
  const { writeHead } = response;
  response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    if (ended !== undefined) tell({ id, ms: performance.now() - ended });
    return Reflect.apply(writeHead, this, args) as ServerResponse;
  } as ServerResponse['writeHead'];
});
