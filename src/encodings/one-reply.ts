import type { GroupNode, Node } from '../batch/plan/node.ts';
import type { Member, MemberList } from '../batch/run/reply.ts';

/**
 * Whether a group's answer, as planned, is one reply that fits: a single query's, or that of whoever wins.
 */
export function hasOneReply({ members, take }: GroupNode, fits: (node: Node) => boolean): boolean {
  const visible = members.filter((member) => !member.hidden);
  return visible.length > 0 && (take === 1 || visible.length === 1) && visible.every(fits);
}

/** That reply, once all are there. */
export function oneReply({ members, taken }: MemberList): Member | undefined {
  const visible = members.filter(({ hidden }) => !hidden);
  return taken ? visible.find(({ reply }) => reply.status === 'ok') : visible[0];
}
