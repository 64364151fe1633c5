/** The first of these, as many as have at most so many bytes in all. */
export function firstWithin<T>(all: readonly T[], most: number, bytesOf: (one: T) => number): readonly T[] {
  let left = most;
  const end = all.findIndex((one) => (left -= bytesOf(one)) < 0);
  return end < 0 ? all : all.slice(0, end);
}
