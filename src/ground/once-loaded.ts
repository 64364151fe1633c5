/**
 * The same function, which loads until that has gone well once: what failed is not kept, so that one for
 * whom too many files were open is not the last.
 */
export function onceLoaded<T>(load: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | undefined;
  return () => {
    kept ??= load().catch((error: unknown) => {
      kept = undefined;
      throw error;
    });
    return kept;
  };
}
