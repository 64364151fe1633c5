import { shown, stepOf, type Member, type MemberList, type Reply } from '../batch/run/reply.ts';
import type { Answer } from '../batch/run/answer.ts';
import { addValues, addWritten } from '../batch/run/value-text.ts';
import { isLoopHeld } from '../budget/turns.ts';
import type { Steps } from '../budget/work.ts';
import { tenths } from '../ground/tenths.ts';
import { Text } from '../json/text.ts';
import { addBatchTrace, addTrace } from './trace-text.ts';

/** Members that are added between two looks at the clock. */
const STRIDE = 64;

/**
 * Adds a reply's fields, without the braces around them; of a group or forEach whose members are told
 * elsewhere how many these are.
 */
export function addReplyFields(text: Text, reply: Reply, count?: number): void {
  addBeginning(text, reply);
  if (count !== undefined) addCancelled(text.add(`,"count":${count}`), reply);
  addEnd(text, reply);
}

/** The same of a reply that holds others and no value, with these, in turns with others. */
export function* addWithReplies(text: Text, reply: Reply, list: MemberList): Steps<void> {
  addBeginning(text, reply);
  yield* addReplies(text.add(',"replies":'), list);
  addCancelled(text, reply);
  addEnd(text, reply);
}

function addCancelled(text: Text, { list }: Reply): void {
  if (list && list.cancelled > 0) text.add(`,"cancelled":${list.cancelled}`);
}

/** The fields that stand before what a reply holds. */
function addBeginning(text: Text, { status, value, items, winner }: Reply): void {
  text.add(`"status":"${status}"`);
  if (value) {
    addWritten(text.add(',"value":'), value);
    if (value.meta) text.add(`,"meta":${JSON.stringify(value.meta)}`);
  }
  if (items !== undefined) text.add(`,"items":${items}`);
  if (winner !== undefined) text.add(`,"winner":${winner}`);
}

/** Those that stand after it. */
function addEnd(text: Text, { defaulted, error, ms }: Reply): void {
  if (defaulted) text.add(',"defaulted":true');
  if (error) text.add(`,"error":${JSON.stringify(error)}`);
  if (ms !== undefined) text.add(`,"ms":${tenths(ms)}`);
}

/** The name that a member of a list was given, if any. Under kv its key is its name. */
export function nameField(member: Pick<Member, 'path' | 'as'>): string {
  if (member.as === undefined || typeof stepOf(member) === 'string') return '';
  return `"as":${JSON.stringify(member.as)},`;
}

/** Adds the replies of a group or forEach: an object in kv, else a list. */
function* addReplies(text: Text, list: MemberList): Steps<void> {
  let between = '';
  let added = 0;
  text.add(list.keyed ? '{' : '[');
  for (const member of shown(list.members)) {
    if (++added % STRIDE === 0 && isLoopHeld()) yield;
    text
      .add(between)
      .add(list.keyed ? `${JSON.stringify(stepOf(member))}:{` : `{"index":${stepOf(member)},${nameField(member)}`);
    const { reply } = member;
    if (reply.list && !reply.value) yield* addWithReplies(text, reply, reply.list);
    else addReplyFields(text, reply);
    addTrace(text, member);
    text.add('}');
    between = ',';
  }
  text.add(list.keyed ? '}' : ']');
}

/** The whole answer of a batch that ran, in turns with others. */
export function* answerText(
  list: MemberList,
  complete: boolean,
  shape: 'replies' | 'values',
  traced?: Answer['traced'],
): Steps<Text> {
  const text = new Text();
  if (shape === 'values') addValues(text, list);
  else {
    text.add(`{"complete":${complete},"results":`);
    yield* addReplies(text, list);
    if (list.cancelled > 0) text.add(`,"cancelled":${list.cancelled}`);
    addBatchTrace(text, traced, list);
    text.add('}');
  }
  return text;
}
