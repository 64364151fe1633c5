import { CodapError, toCodapError } from '../src/errors.ts';

/** What an aborted call fails with: the reason it was given, if that may be shown, else CANCELLED. */
export function abortReason(signal: AbortSignal): CodapError {
  return signal.reason instanceof CodapError
    ? signal.reason
    : new CodapError('CANCELLED', 'not needed any more', { cause: signal.reason });
}

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
