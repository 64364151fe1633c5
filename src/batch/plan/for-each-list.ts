import { ItemTemplate, type ForEach } from './item-template.ts';
import { callsPerItem, type Node } from './node.ts';
import { BROKEN, readTemplate, Reference, type Findings, type Report } from './reference.ts';

/** Reads a `forEach`; a list written out has at most so many items. */
export function readForEach(value: unknown, at: readonly (string | number)[], report: Report, most: number): ForEach {
  const written = Array.isArray(value);
  const list: unknown = written ? value : readTemplate(value, at, { references: [], report });
  if (list instanceof Reference && list.word !== '$join') return list;
  if (!Array.isArray(list)) {
    report(at, 'a list, or a reference to one, is allowed here');
    return BROKEN;
  }
  if (list.length > most) {
    report(at, `more than ${most} calls`);
    return BROKEN;
  }
  return written ? list.map((item, index) => readItem(item, [...at, index], report)) : list;
}

function readItem(value: unknown, at: readonly (string | number)[], report: Report): unknown {
  const found: Findings = { references: [], report };
  const item = readTemplate(value, at, found);
  return found.references.length > 0 ? new ItemTemplate(item, found.references) : item;
}

/** What a forEach waits for: its list, or what the items of a list written out are made of. */
export function listReferences(forEach: ForEach = []): readonly Reference[] {
  if (forEach instanceof Reference) return [forEach];
  return forEach.flatMap((item) => (item instanceof ItemTemplate ? item.references : []));
}

/** The calls of a member that are known while planning: none of a forEach over a list that is referred to. */
export function callsOf(member: Node): number {
  if (member.forEach === undefined) return member.kind === 'query' ? 1 : member.calls;
  return member.forEach instanceof Reference ? 0 : member.forEach.length * callsPerItem(member);
}
