import { abortReason, toCodapError } from '../../src/errors.ts';

/** Settles as `call` does, or rejects as soon as the signal aborts, however long the driver takes to notice; a late result goes to `discard`. */
export function raced<T>(
  signal: AbortSignal,
  call: () => Promise<T>,
  discard: (late: T) => void = () => {},
): Promise<T> {
  if (signal.aborted) return Promise.reject(abortReason(signal));
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(abortReason(signal));
    signal.addEventListener('abort', leave, { once: true });
    call().then(
      (result) => {
        signal.removeEventListener('abort', leave);
        if (signal.aborted) discard(result);
        else resolve(result);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', leave);
        reject(toCodapError(error));
      },
    );
  });
}
