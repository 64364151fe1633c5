import { abortReason } from '../errors.ts';
import { whenAborted } from '../ground/when-aborted.ts';

/**
 * Settles as `call` does, or rejects as soon as the signal aborts, with a reason that may be shown, however
 * long the call takes to notice. A result that comes later goes to `discard`.
 */
export function untilAborted<T>(
  signal: AbortSignal,
  call: () => Promise<T>,
  discard: (late: T) => void = () => {},
): Promise<T> {
  if (signal.aborted) return Promise.reject(abortReason(signal));
  return new Promise((resolve, reject) => {
    const takeBack = whenAborted(signal, () => reject(abortReason(signal)));
    call().then(
      (result) => {
        takeBack();
        if (signal.aborted) discard(result);
        else resolve(result);
      },
      (error: unknown) => {
        takeBack();
        reject(error);
      },
    );
  });
}

/**
 * Waits in a line until it is let in, or rejects as soon as the signal aborts. `join` is given what lets it
 * in and what turns it away, and answers what takes it out of the line.
 */
export function untilLetIn(
  signal: AbortSignal,
  join: (enter: () => void, refuse: (error: Error) => void) => () => void,
): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    let leave = (): void => {};
    const takeBack = whenAborted(signal, () => {
      leave();
      reject(signal.reason as Error);
    });
    leave = join(
      () => {
        takeBack();
        resolve();
      },
      (error) => {
        takeBack();
        reject(error);
      },
    );
  });
}
