import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../faults.ts';
import { CODE, MongoFailure } from './failure.ts';

/**
 * What a fault does before a command runs: waits, or throws the failure it stands for. A delay is bounded by
 * the command's `maxTimeMS`, a stall by nothing but the connection, whose end aborts the signal and rejects.
 */
export async function suffer(fault: Fault, maxTimeMs: number | undefined, signal: AbortSignal): Promise<void> {
  if (fault.kind === 'fail') throw new MongoFailure(fault.code ?? CODE.HostUnreachable, 'a fault was injected');
  if (fault.kind === 'delay') await sleep(Math.min(fault.ms, maxTimeMs ?? Infinity), undefined, { signal });
  if (fault.kind === 'delay' && maxTimeMs !== undefined && fault.ms >= maxTimeMs) {
    throw new MongoFailure(CODE.MaxTimeMSExpired, 'operation exceeded time limit');
  }
  if (fault.kind === 'stall') {
    await once(signal, 'abort');
    signal.throwIfAborted();
  }
}
