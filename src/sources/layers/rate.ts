import { type BucketOptions, TokenBucket } from '../../budget/token-bucket.ts';
import { classify, CodapError } from '../../errors.ts';
import { atInstant } from '../../ground/at-instant.ts';
import { instantOf } from '../../store/deadline.ts';
import type { LayerFetch } from '../layer-context.ts';
import type { WhenInVain } from '../../store/signals.ts';
import { FairLine } from '../fair-line.ts';
import type { CountingLayer } from '../layer.ts';

/** How many calls of its store a source may make. */
export interface RateOptions extends BucketOptions {
  readonly name: string;
}

/**
 * A token bucket of calls. Who finds no token waits for one, if it will come within half of the time that is
 * left; else OVERLOADED at once. Callers take turns, each one's own calls first come first served: who is
 * passed by those of others for too long is OVERLOADED later. What comes to no call gives its token back.
 * `whenInVain` tells when nobody need wait any longer; a probe waits on.
 */
export function rate({ name, perSecond, burst }: RateOptions, whenInVain?: WhenInVain): CountingLayer<'rate'> {
  const bucket = new TokenBucket({ perSecond, burst });
  /** One timer for all who wait, set for the first of them. */
  let timer: NodeJS.Timeout | undefined;
  const line = new FairLine(() => {
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
  const giveBack = (): void => {
    bucket.putBack();
    clearTimeout(timer);
    take();
  };
  const overloaded = (waitMs: number): CodapError =>
    new CodapError('OVERLOADED', 'this source is called too often to be called in time', {
      source: name,
      retryAfterMs: Math.ceil(waitMs),
      rejected: true,
    });
  const watch = (): NodeJS.Timeout => atInstant(bucket.comesAt(), take);

  return {
    name: 'rate',
    bounds: () => ({ perSecond, burst }),
    state: () => ({ queued: line.length }),
    wrap(next) {
      const handOn: LayerFetch = async (query, context) => {
        const token = { isSpent: false };
        try {
          return await next(query, { ...context, token });
        } catch (error) {
          // Where there is no room below, those who wait would be turned away, too, all of them at once.
          const isFull = line.length > 0 && classify(error) === 'rejected';
          if (!token.isSpent && !isFull) giveBack();
          throw error;
        }
      };
      return async (query, context) => {
        const { signal, deadline, caller, onlooker, probe } = context;
        if (signal.aborted) throw signal.reason;
        const came = performance.now();
        const mayWaitMs = (): number => (instantOf(deadline) - came) / 2;
        const waitMs = Math.max(0, bucket.comesAt(line.before(caller.name)) - came);
        if (waitMs > 0 && waitMs > mayWaitMs()) throw overloaded(waitMs);
        if (waitMs === 0 && line.length === 0) {
          bucket.take(came);
          return handOn(query, context);
        }
        const turn = line.wait(signal, caller.name, probe ? undefined : whenInVain);
        timer ??= watch();
        onlooker?.waits();
        await turn;
        onlooker?.goesOn();
        // What one turn more takes is a timer's lateness, too.
        if (performance.now() - came <= mayWaitMs() + 1000 / perSecond) return handOn(query, context);
        giveBack();
        throw overloaded(Math.max(0, bucket.comesAt(line.before(caller.name)) - performance.now()));
      };
    },
  };
}
