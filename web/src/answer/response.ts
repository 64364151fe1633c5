import type { Problem } from './node.ts';

/** An answer that ended before it was whole. */
export class Broken extends Error {}

/** What the service, or what stands before it, answered instead. */
export async function problemOf(response: Response): Promise<Problem> {
  const { status, statusText } = response;
  const said = (await response.json().catch(() => ({}))) as Partial<Problem>;
  return { title: statusText, ...said, status };
}

/** The parts of a body as they come. Not every browser goes over a stream by itself. */
export async function* partsOf<T>(stream: ReadableStream<T>): AsyncGenerator<T, void, undefined> {
  const reader = stream.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
}
