/**
 * Loaded into the service by `--import`: says every 200 ms how long its event loop was held at most. A turn counts as long as the
 * thread computed in it, if that is less than it took by the clock: what the machine did meanwhile is no fault of the service's.
 */
const EVERY_MS = 5;
const TOLD_MS = 200;

let clock = performance.now();
let cpu = process.threadCpuUsage();
let held = 0;
setInterval(() => {
  const now = performance.now();
  const used = process.threadCpuUsage();
  const computed = (used.user + used.system - cpu.user - cpu.system) / 1000;
  held = Math.max(held, Math.min(computed, now - clock - EVERY_MS));
  clock = now;
  cpu = used;
}, EVERY_MS).unref();
setInterval(() => {
  process.send?.(held);
  held = 0;
}, TOLD_MS).unref();
