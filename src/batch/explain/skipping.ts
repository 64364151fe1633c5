import type { Steps, Work } from '../../budget/work.ts';
import { listReferences } from '../modifiers/for-each-list.ts';
import { memberAt } from '../plan/named-members.ts';
import { isOpaque, ownReferences, type GroupNode, type Node } from '../plan/node.ts';
import type { Reference } from '../template/reference.ts';

/**
 * Tells of the members of a plan whether one may be skipped though nothing fails: by its `when` or `unless`,
 * or because what it refers to was. In doubt it may.
 */
export class Skipping {
  readonly #work: Work;
  readonly #known = new Map<Node, boolean>();
  readonly #within = new Map<GroupNode, boolean>();

  constructor(work: Work) {
    this.#work = work;
  }

  /**
   * Whether a member may be skipped, apart from the groups `around` it, of which the innermost is the last.
   */
  *of(node: Node, around: readonly GroupNode[]): Steps<boolean> {
    let known = this.#known.get(node);
    if (known !== undefined) return known;
    known = node.isConditional;
    for (const reference of known ? [] : referencesWaitedFor(node)) {
      if (this.#work.tick()) yield;
      known ||= yield* this.#through(reference, around);
    }
    this.#known.set(node, known);
    return known;
  }

  *#through({ target }: Reference, around: readonly GroupNode[]): Steps<boolean> {
    if (target?.from !== 'result') return false;
    const groups = around.slice(0, around.length - target.up);
    return yield* this.#leadsTo(groups.at(-1)!.members[target.member]!, target.steps, groups);
  }

  /** Whether a pointer into a node may lead to what was skipped. */
  *#leadsTo(node: Node, [step, ...rest]: readonly string[], around: readonly GroupNode[]): Steps<boolean> {
    if (yield* this.of(node, around)) return true;
    // Read as a whole, it has null in the place of what was skipped.
    if (step === undefined || node.kind === 'query' || isOpaque(node)) return false;
    const inside = [...around, node];
    const isKnown = node.pattern !== 'first-reply' && node.forEach === undefined;
    const member = isKnown && memberAt(node, step);
    return yield* member ? this.#leadsTo(member, rest, inside) : this.#in(node, inside);
  }

  /** Whether any member of a group, at any depth, may be skipped. */
  *#in(group: GroupNode, inside: readonly GroupNode[]): Steps<boolean> {
    let known = this.#within.get(group);
    if (known !== undefined) return known;
    known = false;
    for (const member of group.members) {
      if (this.#work.tick()) yield;
      known ||= yield* this.of(member, inside);
      if (member.kind === 'group') known ||= yield* this.#in(member, [...inside, member]);
    }
    this.#within.set(group, known);
    return known;
  }
}

/** The references that a query or group waits for, of whatever kind. */
export function referencesWaitedFor(node: Node): readonly Reference[] {
  return [...listReferences(node.forEach), ...ownReferences(node)];
}
