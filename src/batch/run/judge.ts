import type { CodapError } from '../../errors.ts';
import { failed, type Member, type MemberList, type Reply } from './reply.ts';

/** The status of a group or forEach, by its members'. */
function statusOf(list: MemberList): Reply['status'] {
  if (list.decidedBy) return 'error';
  if (list.taken) return 'ok';
  let usable = false;
  let incomplete = false;
  let failure = false;
  for (const { reply } of list.members) {
    usable ||= reply.status === 'ok' || reply.status === 'partial';
    incomplete ||= reply.status === 'partial';
    failure ||= failed(reply);
  }
  if (failure) return usable ? 'partial' : 'error';
  return incomplete ? 'partial' : 'ok';
}

/** The first failed member's error, in the order asked. */
function firstError(list: MemberList): CodapError | undefined {
  if (list.keyed) return list.members.find(({ reply }) => failed(reply))?.reply.error;
  let first: Member | undefined;
  for (const member of list.members) {
    if (failed(member.reply) && (!first || Number(member.path.at(-1)) < Number(first.path.at(-1)))) first = member;
  }
  return first?.reply.error;
}

/** What a group or forEach comes to, by its members. */
export function judge(list: MemberList, ms: number | undefined): Reply {
  const status = statusOf(list);
  const error = list.decidedBy?.error ?? (status === 'error' ? firstError(list) : undefined);
  return { status, list, ...(ms !== undefined && { ms }), ...(error && { error }) };
}
