import { shown, stepOf, tenths, valued, type Member, type MemberList, type Reply } from '../batch/reply.ts';

/** A reply's fields as JSON text, without the braces around them; `members: false` gives the count instead of the replies. */
export function replyFields(reply: Reply, members: 'replies' | 'count' = 'replies'): string {
  const { status, value, winner, list, defaulted, error, ms } = reply;
  let text = `"status":"${status}"`;
  if (value) {
    text += `,"value":${value.json}`;
    if (value.meta) text += `,"meta":${JSON.stringify(value.meta)}`;
  }
  if (reply.items !== undefined) text += `,"items":${reply.items}`;
  if (winner !== undefined) text += `,"winner":${winner}`;
  if (list && !value) {
    text += members === 'count' ? `,"count":${shown(list.members).length}` : `,"replies":${repliesText(list)}`;
    if (list.cancelled > 0) text += `,"cancelled":${list.cancelled}`;
  }
  if (defaulted) text += ',"defaulted":true';
  if (error) text += `,"error":${JSON.stringify(error)}`;
  if (ms !== undefined) text += `,"ms":${tenths(ms)}`;
  return text;
}

/** A member's place in a list: its index and, if given, its name. */
export function placeFields(member: Pick<Member, 'path' | 'as'>): string {
  const index = `"index":${stepOf(member)},`;
  return member.as === undefined ? index : `${index}"as":${JSON.stringify(member.as)},`;
}

/** The replies of a group or forEach: an object in kv, else a list. */
export function repliesText(list: MemberList): string {
  const members = shown(list.members);
  if (!list.keyed)
    return `[${members.map((member) => `{${placeFields(member)}${replyFields(member.reply)}}`).join(',')}]`;
  return `{${members.map((member) => `${JSON.stringify(stepOf(member))}:{${replyFields(member.reply)}}`).join(',')}}`;
}

/** The values alone of a group or forEach, null where there is none or it is hidden. */
export function valuesText(list: MemberList): string {
  const texts = valued(list).map((member) => {
    const text = member.hidden ? 'null' : valueText(member.reply);
    return list.keyed ? `${JSON.stringify(stepOf(member))}:${text}` : text;
  });
  return list.keyed ? `{${texts.join(',')}}` : `[${texts.join(',')}]`;
}

function valueText(reply: Reply): string {
  if (reply.value) return reply.value.json;
  return reply.list && reply.status !== 'error' ? valuesText(reply.list) : 'null';
}

/** The whole answer of a batch that ran. */
export function answerText(list: MemberList, complete: boolean, shape: 'replies' | 'values'): string {
  if (shape === 'values') return valuesText(list);
  const cancelled = list.cancelled > 0 ? `,"cancelled":${list.cancelled}` : '';
  return `{"complete":${complete},"results":${repliesText(list)}${cancelled}}`;
}
