/**
 * Yields what several generators yield, in order of arrival, each asked for more only once its last one was
 * taken.
 */
export async function* interleave<T>(generators: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const open = new Set(generators);
  const ready: { generator: AsyncGenerator<T>; step: Promise<IteratorResult<T>> }[] = [];
  let wake: (() => void) | undefined;
  const pull = (generator: AsyncGenerator<T>): void => {
    const step = generator.next();
    const arrive = (): void => {
      ready.push({ generator, step });
      wake?.();
    };
    step.then(arrive, arrive);
  };
  for (const generator of generators) pull(generator);
  try {
    while (open.size > 0) {
      const next = ready.shift();
      if (!next) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      const { done, value } = await next.step;
      if (done) {
        open.delete(next.generator);
        continue;
      }
      yield value;
      pull(next.generator);
    }
  } finally {
    for (const generator of open) generator.return(undefined).catch(() => {});
  }
}
