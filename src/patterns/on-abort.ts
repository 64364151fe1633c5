interface Hearing {
  readonly listeners: Set<() => void>;
  readonly tell: () => void;
}

const hearings = new WeakMap<AbortSignal, Hearing>();

/**
 * Calls `listener` when the signal aborts, unless the returned function takes it back before. For signals
 * that have not aborted yet. All share one listener on the signal: Node 20 warns of a leak at the eleventh,
 * and takes one of many back only by walking through them.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
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
