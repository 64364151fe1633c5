import { type BucketOptions, TokenBucket } from '../../budget/token-bucket.ts';
import { CodapError } from '../../errors.ts';
import { instantOf } from '../../store/deadline.ts';
import type { Layer } from '../layer.ts';
import { Line } from '../line.ts';

/** How many calls of its store a source may make. */
export interface RateOptions extends BucketOptions {
  readonly name: string;
}

/**
 * A token bucket of calls. Who finds no token waits for one, first come first served, if it will come within
 * half of the time that is left; else OVERLOADED at once.
 */
export function rate({ name, perSecond, burst }: RateOptions): Layer {
  const bucket = new TokenBucket({ perSecond, burst });
  /** One timer for all who wait, set for the first of them. */
  let timer: NodeJS.Timeout | undefined;
  const line = new Line(() => {
    if (line.length > 0) return;
    clearTimeout(timer);
    timer = undefined;
  });
  const take = (): void => {
    timer = undefined;
    for (let now = performance.now(); line.length > 0 && bucket.comesAt() <= now;) {
      bucket.takeAwaited(now);
      line.letIn();
    }
    if (line.length > 0) timer = watch();
  };
  const watch = (): NodeJS.Timeout => setTimeout(take, Math.ceil(bucket.comesAt() - performance.now()));

  return {
    name: 'rate',
    bounds: () => ({ perSecond, burst }),
    state: () => ({ queued: line.length }),
    wrap: (next) => async (query, context) => {
      const { signal, deadline } = context;
      if (signal.aborted) throw signal.reason;
      const now = performance.now();
      const waitMs = Math.max(0, bucket.comesAt(line.length) - now);
      if (waitMs > 0 && waitMs > (instantOf(deadline) - now) / 2) {
        throw new CodapError('OVERLOADED', 'this source is called too often to be called in time', {
          source: name,
          retryAfterMs: Math.ceil(waitMs),
          rejected: true,
        });
      }
      if (waitMs > 0 || line.length > 0) {
        const turn = line.wait(signal);
        timer ??= watch();
        await turn;
      } else bucket.take(now);
      return next(query, context);
    },
  };
}
