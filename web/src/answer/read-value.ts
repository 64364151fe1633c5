import { endOf, membersOf } from '../json/ranges.ts';
import type { Frame, MemberNode, ValueNode } from './node.ts';

/** Characters of a plain value that are shown at once. */
const SHOWN = 1000;

/** Members, and characters of them, that are counted at once. */
const COUNTED = { members: 10_000, characters: 200_000 };

/** A value that stands in a line of valid JSON, not yet looked into. */
export function valueAt(text: string, line: number, from: number): ValueNode {
  const first = text[from];
  if (first === '{' || first === '[') {
    const kind = first === '{' ? 'object' : 'list';
    return { line, from, kind, text: '', isCut: false, members: countOf(text, from) };
  }
  const to = endOf(text, from);
  const kind = KINDS[first ?? ''] ?? 'number';
  const isCut = to - from > SHOWN;
  return {
    line,
    from,
    kind,
    text: isCut ? cutText(text, from, kind) : text.slice(from, to),
    isCut,
    members: undefined,
  };
}

const KINDS: Readonly<Record<string, ValueNode['kind']>> = { '"': 'string', t: 'boolean', f: 'boolean', n: 'null' };

/** The beginning of a long value, still valid JSON where it is a text: an escape is not cut in two. */
function cutText(text: string, from: number, kind: ValueNode['kind']): string {
  const cut = text.slice(from, from + SHOWN);
  return kind === 'string' ? `${cut.replace(/\\(?:u[\da-f]{0,3})?$/i, '')}"` : cut;
}

function countOf(text: string, from: number): number | undefined {
  let count = 0;
  for (const { to } of membersOf(text, from)) {
    count += 1;
    if (count > COUNTED.members || to - from > COUNTED.characters) return undefined;
  }
  return count;
}

/** Some members of the object or list at a place. */
export function membersAt(text: string, line: number, from: number, skip: number, take: number): MemberNode[] {
  const members = membersOf(text, from).drop(skip).take(take);
  return Array.from(members, ({ key, from }) => ({ key, value: valueAt(text, line, from) }));
}

/** What a line of an answer tells; its value is not read. */
export function frameOf(text: string, line: number): Frame {
  const frame: Record<string, unknown> = { path: '', status: '' };
  for (const { key, from, to } of membersOf(text, 0)) {
    frame[key] = key === 'value' ? valueAt(text, line, from) : (JSON.parse(text.slice(from, to)) as unknown);
  }
  return frame as unknown as Frame;
}
