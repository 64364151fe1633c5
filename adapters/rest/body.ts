import { CodapError } from '../../src/errors.ts';
import { writeJson } from '../../src/json/write.ts';
import { isLeaf } from '../../src/json/leaf.ts';
import { entriesOf, put } from '../../src/json/members.ts';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';
import type { Fault } from '../adapter.ts';

/** A request's body: text as it stands, anything else as JSON. */
export interface RestBody {
  readonly text: string;
  readonly contentType: string;
}

/** What a query posts; undefined after a fault. */
export function restBody(body: unknown, fault: Fault): RestBody | undefined {
  const bare = opened(body);
  if (typeof bare === 'string') return { text: bare, contentType: 'text/plain; charset=utf-8' };
  try {
    return { text: writeJson(bare), contentType: 'application/json' };
  } catch (error) {
    fault(
      ['body'],
      error instanceof CodapError ? 'JSON nested at most 1,000 deep is allowed here' : 'JSON or text is allowed here',
    );
    return undefined;
  }
}

/** The body with what was filled in; a reference not yet known counts as null. */
function opened(node: unknown): unknown {
  if (node instanceof Placeholder) return null;
  if (node instanceof Filled) return node.value;
  if (typeof node !== 'object' || node === null || isLeaf(node)) return node;
  if (Array.isArray(node)) return node.map(opened);
  let copy: object = {};
  for (const [key, member] of entriesOf(node)) copy = put(copy, key, opened(member));
  return copy;
}
