import { isLoopHeld } from '../../budget/turns.ts';
import type { Work } from '../../budget/work.ts';

/** What a generator has come to, since it was last asked. */
interface Arrival<T> {
  readonly generator: AsyncGenerator<T>;
  readonly step: Promise<IteratorResult<T>>;
}

/**
 * Yields what the generators of several sources yield, in order of arrival, each asked for more only once its
 * last one was taken. Very many take a while: they begin, are told and end in turns with others, and what has
 * come is told before more of them begin.
 */
export async function* interleave<S, T>(
  sources: readonly S[],
  generatorOf: (source: S) => AsyncGenerator<T>,
  work: Work,
): AsyncGenerator<T> {
  const open = new Set<AsyncGenerator<T>>();
  let arrived: Arrival<T>[] = [];
  let wake: (() => void) | undefined;
  const pull = (generator: AsyncGenerator<T>): void => {
    const step = generator.next();
    const arrive = (): void => {
      arrived.push({ generator, step });
      wake?.();
    };
    step.then(arrive, arrive);
  };
  const begin = (source: S): void => {
    const generator = generatorOf(source);
    open.add(generator);
    pull(generator);
  };
  // What nobody needs any more is told, too.
  const turn = (): Promise<void> => work.turn().catch(() => {});
  let begun = 0;
  try {
    for (;;) {
      const taken = arrived;
      arrived = [];
      for (const { generator, step } of taken) {
        if (isLoopHeld()) await turn();
        const { done, value } = await step;
        if (done) open.delete(generator);
        else {
          yield value;
          pull(generator);
        }
      }
      if (arrived.length > 0) continue;
      if (begun < sources.length) {
        do begin(sources[begun++] as S);
        while (begun < sources.length && !isLoopHeld());
        if (isLoopHeld()) await turn();
      } else if (open.size > 0) await new Promise<void>((resolve) => (wake = resolve));
      else return;
    }
  } finally {
    for (const generator of open) {
      if (isLoopHeld()) await turn();
      generator.return(undefined).catch(() => {});
    }
  }
}
