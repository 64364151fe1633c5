import type { Steps, Work } from '../../budget/work.ts';
import type { GroupNode, Node, QueryNode } from '../plan/node.ts';
import { Reference } from '../template/reference.ts';
import { Skipping } from './skipping.ts';

/** How many calls of stores a batch makes: attempts, pages and parts of one call are one. */
export interface Calls {
  /**
   * Where nothing fails, without what stands under `when`, `unless` or `forEach`, or waits for that; of a
   * `take` what is needed to reach it.
   */
  readonly least: number;
  /** A list that is referred to has as many items as `limits.calls` leaves. */
  readonly most: number;
}

/** Of a part of a plan; `open`: a list that is referred to adds more. */
interface Count extends Calls {
  readonly open: boolean;
}

/** Counts the calls of a plan, of which there may be so many; `asks` tells whether a query asks its store. */
export function* countCalls(
  root: GroupNode,
  limit: number,
  asks: (query: QueryNode) => boolean,
  work: Work,
): Steps<Calls> {
  const skipping = new Skipping(work);
  const { least, most, open } = yield* countMembers(root, []);
  return { least, most: open ? most + limit - root.calls : most };

  function* countMembers(group: GroupNode, around: readonly GroupNode[]): Steps<Count> {
    const counts: Count[] = [];
    for (const member of group.members) counts.push(yield* count(member, [...around, group]));
    const leasts = counts.map(({ least }) => least);
    const needed = group.take === undefined ? leasts : leasts.toSorted((a, b) => a - b).slice(0, group.take);
    return { least: sum(needed), most: sum(counts.map(({ most }) => most)), open: counts.some(({ open }) => open) };
  }

  function* count(node: Node, around: readonly GroupNode[]): Steps<Count> {
    if (work.tick()) yield;
    const one = node.kind === 'group' ? yield* countMembers(node, around) : countQuery(node);
    const { forEach } = node;
    if (forEach instanceof Reference) return { least: 0, most: 0, open: one.open || one.most > 0 };
    if (forEach) return { least: 0, most: forEach.length * one.most, open: one.open && forEach.length > 0 };
    return (yield* skipping.of(node, around)) ? { ...one, least: 0 } : one;
  }

  function countQuery(query: QueryNode): Count {
    const calls = asks(query) ? 1 : 0;
    return { least: calls, most: calls, open: false };
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
