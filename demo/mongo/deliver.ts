import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../faults.ts';

const TICKS_PER_SECOND = 20;

/**
 * Sends an answer. A fault drops the connection on the way, in the middle unless told, or slows it to a
 * trickle. Rejects when `signal` aborts.
 */
export async function deliver(
  socket: Socket,
  bytes: Uint8Array,
  fault: Fault | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (fault?.kind === 'cut') {
    socket.end(bytes.subarray(0, fault.afterBytes ?? bytes.length / 2), () => socket.destroy());
  } else if (fault?.kind === 'drip') {
    const step = Math.max(1, Math.floor(fault.bytesPerSecond / TICKS_PER_SECOND));
    for (let at = 0; at < bytes.length; at += step) {
      if (at > 0) await sleep((step * 1000) / fault.bytesPerSecond, undefined, { signal });
      socket.write(bytes.subarray(at, at + step));
    }
  } else {
    socket.write(bytes);
  }
}
