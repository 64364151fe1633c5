import type { Answer } from '../batch/run/answer.ts';
import type { MemberTrace } from '../batch/run/member-trace.ts';
import { shown, type Member, type MemberList, type Traced } from '../batch/run/reply.ts';
import { formatPointer } from '../json/pointer.ts';
import type { Text } from '../json/text.ts';

/**
 * Adds what became of a member and when, as a reply's last field, where that was asked for; `isLast` of
 * frames, where those of its members came before.
 */
export function addTrace(text: Text, { traced, reply }: Pick<Member, 'traced' | 'reply'>, isLast = false): void {
  if (traced?.trace?.after === undefined) return;
  text.add(`,"trace":{${traceFields(traced.trace)}`);
  const listed = reply.value ? undefined : reply.list;
  if (!traced.trace.calls && (listed || !isLast)) addUnlisted(text, traced, listed);
  text.add('}');
}

/** Adds how long planning took, and the whole so far, as an answer's last field, where that was asked for. */
export function addBatchTrace(text: Text, traced: Answer['traced'], list: MemberList | undefined): void {
  if (!traced) return;
  const { began, planned } = traced.trace;
  text.add(`,"trace":{"plannedMs":${tenthsText(planned - began)},"ms":${tenthsText(performance.now() - began)}`);
  addUnlisted(text, traced.root, list);
  text.add('}');
}

/**
 * Adds those that the reply does not list: who is hidden, whom a `take` did not wait for, and who came to one
 * value.
 */
function addUnlisted(text: Text, whole: Traced, list: MemberList | undefined): void {
  const listed = list && shown(list.members);
  if (list?.cancelled === 0 && listed === list.members) return;
  const known = new Set(listed?.map(({ traced }) => traced));
  let between = ',"members":[';
  for (const { path, reply, traced } of deep(whole.within.filter((member) => !known.has(member.traced)))) {
    const code = reply.error ? `"code":"${reply.error.code}",` : '';
    const place = `"path":${JSON.stringify(formatPointer(path))},"status":"${reply.status}",${code}`;
    text.add(`${between}{${place}${traceFields(traced!.trace!)}}`);
    between = ',';
  }
  if (between === ',') text.add(']');
}

function* deep(members: readonly Member[]): Generator<Member> {
  for (const member of members) {
    yield member;
    yield* deep(member.traced?.within ?? []);
  }
}

/** What happened after the reply came to be, to a call that others still wait for, is none of its own. */
function traceFields(trace: MemberTrace): string {
  const { origin, queued, started, ended = performance.now(), cache, shared } = trace;
  let fields = queued === undefined ? '' : `"queued":${tenthsText(queued - origin)},`;
  if (started !== undefined && started <= ended) fields += `"started":${tenthsText(started - origin)},`;
  fields += `"ended":${tenthsText(ended - origin)}`;
  if (trace.calls) fields += `,"attempts":[${attemptsText(trace, ended)}]`;
  if (cache) fields += `,"cache":"${cache}"`;
  if (shared) fields += `,"shared":"${shared}"`;
  return `${fields},"after":${trace.after}`;
}

function attemptsText({ attempts, origin }: MemberTrace, until: number): string {
  let all = '';
  for (const { started, ended = Infinity, code, hedge } of attempts) {
    if (started > until) continue;
    all += `${all && ','}{"started":${tenthsText(started - origin)}`;
    if (ended <= until) all += `,"ended":${tenthsText(ended - origin)}`;
    if (ended <= until && code) all += `,"code":"${code}"`;
    all += hedge ? ',"hedge":true}' : '}';
  }
  return all;
}

/** Milliseconds with one decimal, as JSON: of whole numbers, which are written in a fraction of the time. */
function tenthsText(ms: number): string {
  const all = Math.round(ms * 10);
  return `${Math.floor(all / 10)}.${all % 10}`;
}
