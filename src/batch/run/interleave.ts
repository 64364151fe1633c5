/** Yields what several generators yield, in order of arrival, each asked for more only once its last one was taken. `ended` hears what each returns. */
export async function* merge<T, R>(
  generators: readonly AsyncGenerator<T, R>[],
  ended: (result: R) => void,
): AsyncGenerator<T> {
  const open = new Set(generators);
  const ready: { generator: AsyncGenerator<T, R>; step: Promise<IteratorResult<T, R>> }[] = [];
  let wake: (() => void) | undefined;
  const pull = (generator: AsyncGenerator<T, R>): void => {
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
        ended(value);
      } else {
        yield value;
        pull(next.generator);
      }
    }
  } finally {
    for (const generator of open) generator.return(undefined as R).catch(() => {});
  }
}
