/** Does the work for every item, `width` of them side by side. */
export async function inParallel<T>(width: number, items: readonly T[], work: (item: T) => Promise<unknown>) {
  const left = items.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of left) await work(item);
    }),
  );
}
