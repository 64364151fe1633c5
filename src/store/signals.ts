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
 * Calls back with what whoever waits is turned away with, once there is no more use in waiting; what it
 * answers takes that back.
 */
export type WhenInVain = (refuse: (error: Error) => void) => () => void;

/**
 * Waits in a line until it is let in, or rejects as soon as the signal aborts or `whenInVain` calls back.
 * `join` is given what lets it in and what turns it away, and answers what takes it out of the line.
 */
export function untilLetIn(
  signal: AbortSignal,
  join: (enter: () => void, refuse: (error: Error) => void) => () => void,
  whenInVain?: WhenInVain,
): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    let isOver = false;
    let leave = (): void => {};
    let unhear: (() => void) | undefined;
    const giveUp = (reason: Error): void => {
      stop();
      leave();
      reject(reason);
    };
    const unlink = whenAborted(signal, () => giveUp(signal.reason as Error));
    const stop = (): void => {
      isOver = true;
      unlink();
      unhear?.();
    };
    leave = join(
      () => {
        stop();
        resolve();
      },
      (error) => {
        stop();
        reject(error);
      },
    );
    if (!isOver) unhear = whenInVain?.(giveUp);
  });
}
