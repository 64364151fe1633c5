interface Hearing {
  readonly listeners: Set<() => void>;
  readonly tell: () => void;
}

const hearings = new WeakMap<AbortSignal, Hearing>();

/**
 * Calls `listener` once the signal aborts, at once if it has; what it returns takes that back. All share one
 * listener on the signal: Node warns of a leak at the eleventh, and to take back one it walks through all.
 */
export function whenAborted(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => {};
  }
  const { listeners, tell } = hearings.get(signal) ?? hear(signal);
  listeners.add(listener);
  return () => {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    signal.removeEventListener('abort', tell);
    hearings.delete(signal);
  };
}

function hear(signal: AbortSignal): Hearing {
  const listeners = new Set<() => void>();
  const tell = () => listeners.forEach((listener) => listener());
  const hearing = { listeners, tell };
  signal.addEventListener('abort', tell, { once: true });
  hearings.set(signal, hearing);
  return hearing;
}
