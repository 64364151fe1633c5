/** All that a loop yields. */
export async function collect<T>(loop: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of loop) all.push(one);
  return all;
}
