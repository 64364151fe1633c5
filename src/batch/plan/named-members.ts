import { isIndex } from '../../json/pointer.ts';
import type { GroupNode, Node } from './node.ts';

const tables = new WeakMap<GroupNode, Map<string, Node | 'doubled'>>();

/** The members of a group as references name them: by key, in a list by the literal `as`, else by index. */
export function membersByName(group: GroupNode): ReadonlyMap<string, Node | 'doubled'> {
  let table = tables.get(group);
  if (!table) {
    table = new Map();
    for (const member of group.members) {
      const name = nameOf(member);
      table.set(name, table.has(name) ? 'doubled' : member);
    }
    tables.set(group, table);
  }
  return table;
}

/** Whether a node would wait for itself where it names this one: `groups` are those around it. */
export function isAround(named: Node, node: Node, groups: readonly GroupNode[]): boolean {
  return named === node || (named.kind === 'group' && groups.includes(named));
}

/** The names that a node may refer to, the nearest first; `groups` are those around it, innermost last. */
export function namesFor(node: Node, groups: readonly GroupNode[]): readonly string[] {
  const known = new Map<string, Node | 'doubled'>();
  for (const group of groups.toReversed())
    for (const [name, named] of membersByName(group)) if (!known.has(name)) known.set(name, named);
  const mayBe = (named: Node | 'doubled'): boolean =>
    named !== 'doubled' && !isAround(named, node, groups) && !(named.kind === 'query' && named.stream);
  return [...known].flatMap(([name, named]) => (name !== '' && mayBe(named) ? [name] : []));
}

/** The member that a step of a pointer leads to: by its key, in a list by its position as it was asked. */
export function memberAt(group: GroupNode, step: string): Node | undefined {
  if (group.pattern !== 'kv') return isIndex(step) ? group.members[Number(step)] : undefined;
  const named = membersByName(group).get(step);
  return named === 'doubled' ? undefined : named;
}

function nameOf(node: Node): string {
  return node.key ?? (typeof node.as === 'string' ? node.as : String(node.index));
}
