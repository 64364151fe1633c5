import { CallSignal, warnOf } from './call-signal.ts';

/** Those who wait for a signal to abort, and the one listener by which they hear of it. */
interface Hearing {
  readonly listeners: Set<() => void>;
  readonly tell: () => void;
}

/** Where a signal has its own: in a WeakMap it would live on until the next full garbage collection. */
const HEARING = Symbol('hearing');

type Signal = AbortSignal & { [HEARING]?: Hearing | undefined };

/**
 * Calls `listener` once the signal aborts, at once if it has; what it returns takes that back. On a signal of
 * Node's all share one listener: Node warns of a leak at the eleventh, and to take back one it walks through
 * all.
 */
export function whenAborted(signal: Signal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => {};
  }
  if (signal instanceof CallSignal) return signal.hear(listener);
  const { listeners, tell } = signal[HEARING] ?? hear(signal);
  listeners.add(listener);
  return () => {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    signal.removeEventListener('abort', tell);
    signal[HEARING] = undefined;
  };
}

function hear(signal: Signal): Hearing {
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        warnOf(error);
      }
    }
  };
  const hearing = { listeners, tell };
  signal.addEventListener('abort', tell, { once: true });
  signal[HEARING] = hearing;
  return hearing;
}
