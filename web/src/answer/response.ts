import type { Problem } from './node.ts';

/** An answer that ended before it was whole. */
export class Broken extends Error {}

/** What the service, or what stands before it, answered instead. */
export async function problemOf(response: Response): Promise<Problem> {
  const { status, statusText } = response;
  const said = (await response.json().catch(() => ({}))) as Partial<Problem>;
  return { title: statusText, ...said, status };
}
