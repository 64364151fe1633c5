import { Reference } from '../template/reference.ts';
import type { Node } from './node.ts';

/** The calls of a member that are known while planning: none of a forEach over a list that is referred to. */
export function callsOf(member: Node): number {
  if (member.forEach === undefined) return member.kind === 'query' ? 1 : member.calls;
  return member.forEach instanceof Reference ? 0 : member.forEach.length * callsPerItem(member);
}

/** Calls that each item of a forEach over this node makes, for `limits.calls`. */
export function callsPerItem(node: Node): number {
  return node.kind === 'query' ? 1 : 1 + node.calls;
}
