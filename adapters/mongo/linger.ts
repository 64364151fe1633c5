/**
 * How long, in milliseconds, a command that opens a cursor goes on after its caller has left. Only its answer tells which cursor there is to
 * close, and not every store closes those of a connection that ended. What is slower than this ends with its connection.
 */
export const LINGER_MS = 5000;

/** Whether work settles within so many milliseconds, either way. */
export function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    const ended = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    work.then(ended, ended);
  });
}
