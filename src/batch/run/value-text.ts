import type { Text } from '../../json/text.ts';
import type { Value } from '../../store/payload.ts';
import { stepOf, valued, type MemberList, type Reply } from './reply.ts';

/** Adds the values alone of a group or forEach, null where there is none or it is hidden. */
export function addValues(text: Text, list: MemberList): void {
  let between = '';
  text.add(list.keyed ? '{' : '[');
  for (const member of valued(list)) {
    text.add(list.keyed ? `${between}${JSON.stringify(stepOf(member))}:` : between);
    if (member.hidden) text.add('null');
    else addValue(text, member.reply);
    between = ',';
  }
  text.add(list.keyed ? '}' : ']');
}

/** Adds the value alone of a reply, null where there is none. */
export function addValue(text: Text, reply: Reply): void {
  if (reply.value) addWritten(text, reply.value);
  else if (reply.list && reply.status !== 'error') addValues(text, reply.list);
  else text.add('null');
}

/** Adds a value as it is written: where it came in UTF-8, these bytes. */
export function addWritten(text: Text, value: Value): void {
  if (value.bytes) text.addBytes(value.bytes);
  else text.add(value.json);
}
