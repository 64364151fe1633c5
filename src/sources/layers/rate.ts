import { type BucketOptions, TokenBucket } from '../../budget/token-bucket.ts';
import { classify, CodapError } from '../../errors.ts';
import { atInstant } from '../../ground/at-instant.ts';
import { instantOf } from '../../store/deadline.ts';
import type { Query } from '../../store/fetch.ts';
import type { Payload } from '../../store/payload.ts';
import type { WhenInVain } from '../../store/signals.ts';
import { FairLine } from '../fair-line.ts';
import type { CountingLayer } from '../layer.ts';
import type { LayerContext } from '../layer-context.ts';

/** How many calls of its store a source may make, and how many may wait for that. */
export interface RateOptions extends BucketOptions {
  readonly name: string;
  readonly queue: number;
}

/**
 * A token bucket of calls of the store. Who is let through reserves a token, which is taken out of the bucket
 * as the store is asked (`judge`), however long that takes; what comes to no call lets go of it. So no more
 * than `burst` are on their way. Who finds no token waits, at most `queue` of them, if one will come within
 * half of the time that is left; else OVERLOADED at once. Callers take turns, each one's own calls first come
 * first served: who is passed by those of others for too long is OVERLOADED later. `whenInVain` tells when
 * nobody need wait any longer; a probe waits on.
 */
export function rate({ name, perSecond, burst, queue }: RateOptions, whenInVain?: WhenInVain): CountingLayer<'rate'> {
  const bucket = new TokenBucket({ perSecond, burst });
  /** How many of the tokens in the bucket. */
  let reserved = 0;
  /** One timer for all who wait, set for the first of them; none while all that there may be is reserved. */
  let timer: NodeJS.Timeout | undefined;
  const unwatch = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const line = new FairLine(() => {
    if (line.length === 0) unwatch();
  });
  /** When the token comes before which so many others go, if those that are reserved are taken at once. */
  const comesAt = (now: number, before = 0): number => bucket.comesAt(now, reserved + before);
  const watch = (now: number): void => {
    if (line.length > 0 && reserved < burst) timer ??= atInstant(comesAt(now), letIn);
  };
  const letIn = (): void => {
    unwatch();
    const now = performance.now();
    while (line.length > 0 && comesAt(now) <= now) {
      reserved += 1;
      line.letIn();
    }
    watch(now);
  };
  /** What became of a reserved token: only the first that is said counts. */
  const reservation = (isAwaited: boolean) => {
    let isOver = false;
    const end = (isSpent: boolean): void => {
      if (isOver) return;
      isOver = true;
      reserved -= 1;
      const now = performance.now();
      if (!isSpent) bucket.overflow(now);
      else if (isAwaited) bucket.takeAwaited(now);
      else bucket.take(now);
      // A timer that is set is for the same token as before, unless one was let go of.
      if (!isSpent || !timer) letIn();
    };
    return {
      spend: () => end(true),
      letGo: () => end(false),
      /** For a place: from now on it is not late for a timer's sake. */
      waitsOn: () => void (isAwaited = false),
    };
  };
  const overloaded = (now: number, before: number): CodapError =>
    new CodapError('OVERLOADED', 'this source is called too often to be called in time', {
      source: name,
      retryAfterMs: Math.max(1, Math.ceil(comesAt(now, before) - now)),
      rejected: true,
    });

  return {
    name: 'rate',
    bounds: () => ({ perSecond, burst }),
    state: () => ({ queued: line.length }),
    wrap(next) {
      const handOn = async (query: Query, context: LayerContext, isAwaited: boolean): Promise<Payload> => {
        const token = reservation(isAwaited);
        try {
          const asked = next(query, { ...context, token });
          token.waitsOn();
          return await asked;
        } catch (error) {
          // Where there is no room below, those who wait would be turned away, too, all of them at once.
          if (line.length > 0 && classify(error) === 'rejected') token.spend();
          throw error;
        } finally {
          token.letGo();
        }
      };
      return async (query, context) => {
        const { signal, deadline, caller, onlooker, probe } = context;
        if (signal.aborted) throw signal.reason;
        const came = performance.now();
        const mayWaitMs = (): number => (instantOf(deadline) - came) / 2;
        const before = line.before(caller.name);
        const waitMs = Math.max(0, comesAt(came, before) - came);
        if (waitMs > 0 && waitMs > mayWaitMs()) throw overloaded(came, before);
        if (waitMs === 0 && line.length === 0) {
          reserved += 1;
          return handOn(query, context, false);
        }
        const full = (): CodapError => overloaded(came, line.length);
        if (line.length >= queue && !line.makeRoom(caller.name, full)) throw full();
        const turn = line.wait(signal, caller.name, probe ? undefined : whenInVain);
        watch(came);
        onlooker?.waits();
        await turn;
        onlooker?.goesOn();
        // What one turn more takes is a timer's lateness, too.
        if (performance.now() - came <= mayWaitMs() + 1000 / perSecond) return handOn(query, context, true);
        reservation(true).letGo();
        const now = performance.now();
        throw overloaded(now, line.before(caller.name));
      };
    },
  };
}
