import { CodapError } from '../../src/errors.ts';
import { writeJson } from '../../src/json/write.ts';
import { entriesOf } from '../../src/json/members.ts';
import { isContainer } from '../../src/json/size.ts';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';
import type { Fault } from '../adapter.ts';

/** A request's body: text as it stands, anything else as JSON. */
export interface RestBody {
  readonly text: string;
  readonly contentType: string;
}

/** One in which references that are not yet known stand: as the request has it. */
export interface PlannedBody {
  readonly template: unknown;
  /** Undefined where it depends on what a reference comes to, which stands for the whole. */
  readonly contentType: string | undefined;
}

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';

/** What a query posts; undefined after a fault. */
export function restBody(body: unknown, fault: Fault): RestBody | PlannedBody | undefined {
  const bare = body instanceof Filled ? body.value : body;
  if (typeof bare === 'string') return { text: bare, contentType: TEXT };
  if (bare instanceof Placeholder) return { template: bare, contentType: bare.word === '$join' ? TEXT : undefined };
  const writing: Writing = { texts: [], isPlanned: false };
  try {
    const text = written(body, 0, writing);
    return writing.isPlanned ? { template: body, contentType: JSON_TYPE } : { text, contentType: JSON_TYPE };
  } catch (error) {
    fault(
      ['body'],
      error instanceof CodapError ? 'JSON nested at most 1,000 deep is allowed here' : 'JSON or text is allowed here',
    );
    return undefined;
  }
}

/** What is found out while a body is written. */
interface Writing {
  /** Texts of what was filled in, by how deep it stands: each is written once, however often it is there. */
  readonly texts: Map<unknown, string>[];
  /** Whether references that are not yet known stand in it. */
  isPlanned: boolean;
}

/** The JSON of a body with what was filled in; a reference not yet known counts as null. */
function written(node: unknown, depth: number, writing: Writing): string {
  if (node instanceof Placeholder) {
    writing.isPlanned = true;
    return 'null';
  }
  if (node instanceof Filled) {
    const known = (writing.texts[depth] ??= new Map<unknown, string>());
    let text = known.get(node.value);
    if (text === undefined) known.set(node.value, (text = writeJson(node.value, 'plain', depth)));
    return text;
  }
  if (!isContainer(node)) return writeJson(node);
  let text = '';
  if (Array.isArray(node)) {
    for (const member of node) text += `${text && ','}${written(member, depth + 1, writing)}`;
    return `[${text}]`;
  }
  for (const [key, member] of entriesOf(node))
    text += `${text && ','}${JSON.stringify(key)}:${written(member, depth + 1, writing)}`;
  return `{${text}}`;
}
