import type { Answer } from '../batch/run/answer.ts';
import type { MemberTrace } from '../batch/run/member-trace.ts';
import { isShown, tenths, type Member, type MemberList, type Traced } from '../batch/run/reply.ts';
import { formatPointer } from '../json/pointer.ts';
import type { Text } from '../json/text.ts';
import type { Attempt } from '../store/call-trace.ts';

/** Adds what became of a member and when, as a reply's last field, where the batch is traced. */
export function addTrace(text: Text, { traced, reply }: Pick<Member, 'traced' | 'reply'>): void {
  if (!traced?.trace) return;
  text.add(`,"trace":{${traceFields(traced.trace)}`);
  addUnlisted(text, traced, reply.value ? undefined : reply.list);
  text.add('}');
}

/** Adds how long planning the batch took, and the whole so far, as the last field, where it is traced. */
export function addBatchTrace(text: Text, traced: Answer['traced'], list: MemberList | undefined): void {
  if (!traced) return;
  const { began, planned } = traced.trace;
  text.add(`,"trace":{"plannedMs":${tenths(planned - began)},"ms":${tenths(performance.now() - began)}`);
  addUnlisted(text, traced.root, list);
  text.add('}');
}

/** Adds those that the reply does not list: whom a `take` did not wait for, and who came to one value. */
function addUnlisted(text: Text, { within }: Traced, listed: MemberList | undefined): void {
  if (listed?.cancelled === 0) return;
  const known = new Set(listed?.members.map(({ traced }) => traced));
  let between = ',"members":[';
  for (const { path, reply, traced } of deep(within.filter((member) => !known.has(member.traced)))) {
    const code = reply.error ? `"code":"${reply.error.code}",` : '';
    const place = `"path":${JSON.stringify(formatPointer(path))},"status":"${reply.status}",${code}`;
    text.add(`${between}{${place}${traceFields(traced!.trace!)}}`);
    between = ',';
  }
  if (between === ',') text.add(']');
}

function* deep(members: readonly Member[]): Generator<Member> {
  for (const member of members) {
    if (!isShown(member)) continue;
    yield member;
    yield* deep(member.traced?.within ?? []);
  }
}

/** What happened after the reply came to be, to a call that others still wait for, is none of its own. */
function traceFields({ origin, queued, started, ended = Infinity, calls, attempts, ...rest }: MemberTrace): string {
  const since = (instant: number): number => tenths(instant - origin);
  let fields = '';
  if (queued !== undefined) fields += `"queued":${since(queued)},`;
  if (started !== undefined && started <= ended) fields += `"started":${since(started)},`;
  fields += `"ended":${since(ended)}`;
  if (calls) {
    const told = attempts
      .filter((attempt) => attempt.started <= ended)
      .map((attempt) => attemptText(attempt, ended, since));
    fields += `,"attempts":[${told.join()}]`;
  }
  if (rest.cache) fields += `,"cache":"${rest.cache}"`;
  if (rest.shared) fields += `,"shared":"${rest.shared}"`;
  return `${fields},"after":${rest.after}`;
}

function attemptText(
  { started, ended, code, hedge }: Attempt,
  until: number,
  since: (instant: number) => number,
): string {
  let text = `{"started":${since(started)}`;
  if (ended !== undefined && ended <= until) {
    text += `,"ended":${since(ended)}`;
    if (code) text += `,"code":"${code}"`;
  }
  return `${text}${hedge ? ',"hedge":true' : ''}}`;
}
