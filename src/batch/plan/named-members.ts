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

/** Names by which a group's members may refer to others, and at which place of them a node has its own. */
interface Choice {
  readonly names: readonly string[];
  readonly placeOf: ReadonlyMap<Node, number>;
}

const choices = new WeakMap<GroupNode, Choice>();

/**
 * The names that a member of the innermost of these groups, the last, may refer to, the nearest first:
 * `groups` are those around it.
 */
export function namesFor(node: Node, groups: readonly GroupNode[]): readonly string[] {
  const inmost = groups.at(-1)!;
  // Where one of thousands names what is not there, others may, too.
  let choice = choices.get(inmost);
  if (!choice) choices.set(inmost, (choice = choiceWithin(groups)));
  const place = choice.placeOf.get(node);
  return place === undefined ? choice.names : choice.names.toSpliced(place, 1);
}

function choiceWithin(groups: readonly GroupNode[]): Choice {
  const known = new Map<string, Node | 'doubled'>();
  for (const group of groups.toReversed())
    for (const [name, named] of membersByName(group)) if (!known.has(name)) known.set(name, named);
  const names: string[] = [];
  const placeOf = new Map<Node, number>();
  for (const [name, named] of known) {
    if (name === '' || named === 'doubled' || (named.kind === 'query' ? named.stream : groups.includes(named)))
      continue;
    placeOf.set(named, names.length);
    names.push(name);
  }
  return { names, placeOf };
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
