import { CodapError } from '../../errors.ts';
import { put } from '../../json/members.ts';
import type { Mode } from '../../json/typed-text.ts';
import type { Value } from '../../store/payload.ts';
import type { Steps, Work } from '../../budget/work.ts';
import type { Node } from '../plan/node.ts';
import type { Flow } from './flow.ts';
import type { MemberTrace } from './member-trace.ts';

/** What became of a query, a group or a forEach. */
export interface Reply {
  readonly status: 'ok' | 'partial' | 'error' | 'skipped';
  /** Milliseconds from its start to its end; a skipped one has none. */
  readonly ms?: number;
  /** Of a query; of a group with `select`, a default in force, or a nested `take: 1`. */
  readonly value?: Value;
  readonly error?: CodapError;
  readonly defaulted?: true;
  /** Index of the query that answered a nested `take: 1`. */
  readonly winner?: number;
  /** Of a query answered by a list or body that flows: open, its first item or byte is here. */
  readonly flow?: Flow;
  /** How many items a list that has flowed had. */
  readonly items?: number;
  /** What a group or forEach holds. */
  readonly list?: MemberList;
}

/** The members of a group or forEach, in the order of the answer. */
export interface MemberList {
  readonly keyed: boolean;
  readonly members: readonly Member[];
  /** How many members were not waited for. */
  readonly cancelled: number;
  /** Its `take` was reached, so that failures below do not matter. */
  readonly taken: boolean;
  /** The failure that failed the whole: of a required member, or the one that put `take` out of reach. */
  readonly decidedBy?: Failure;
}

/** A failure and where it happened. */
export interface Failure extends Pick<Member, 'path'> {
  readonly error: CodapError;
}

/** A reply in its place. */
export interface Member {
  readonly node: Node;
  /** Where it stands in the answer: keys, and in lists indices. */
  readonly path: readonly (string | number)[];
  readonly as: string | undefined;
  readonly hidden: boolean;
  readonly reply: Reply;
  /** Where the batch is traced. */
  readonly traced: Traced | undefined;
}

/** What a traced batch knows of a member. */
export interface Traced {
  readonly trace: MemberTrace | undefined;
  /** True for a forEach as a whole, false for each of its items. */
  readonly each: boolean;
  /** All members that it holds, also those that the answer does not list. */
  readonly within: readonly Member[];
}

/** The last step of a member's path: its key or its index. */
export function stepOf(member: Pick<Member, 'path'>): string | number {
  return member.path.at(-1) ?? '';
}

/** A failure counts; being skipped by `when` or `unless` is a choice. */
export function failed(reply: Reply): boolean {
  return reply.status === 'error' || (reply.status === 'skipped' && reply.error !== undefined);
}

/** Whether a list or body flows in it, or has, at any depth. */
export function hasFlowed({ reply: { flow, items, list } }: Pick<Member, 'reply'>): boolean {
  return flow !== undefined || items !== undefined || list?.members.some(hasFlowed) === true;
}

/** Whether an answer shows a member: all but the hidden that are ok. */
export function isShown({ hidden, reply }: Member): boolean {
  return !hidden || failed(reply) || reply.status === 'partial';
}

/** The members an answer shows. */
export function shown(members: readonly Member[]): readonly Member[] {
  return members.some((member) => member.hidden) ? members.filter(isShown) : members;
}

/** True if every reply, at every depth, is ok without a default, or was skipped by choice. */
export function isComplete(list: MemberList): boolean {
  return lacking(list).next().done === true;
}

/** The same of what was ended because nobody needed more: what had not come by then lacks nothing. */
export function isCompleteSoFar(list: MemberList): boolean {
  return lacking(list).every(({ reply }) => reply.error?.code === 'CANCELLED');
}

/**
 * The members that keep it from being complete: failed or defaulted; beside a `take` that was reached, only
 * what it counted.
 */
export function* lacking(list: MemberList): Generator<Member, undefined> {
  for (const member of valued(list)) {
    const { reply } = member;
    let below = false;
    if (reply.list && !reply.defaulted) {
      for (const one of lacking(reply.list)) {
        below = true;
        yield one;
      }
    }
    if (!below && reply.error) yield member;
  }
}

/** The members that count as values: under a `take` the successes only. */
export function valued(list: MemberList): readonly Member[] {
  return list.taken ? list.members.filter((member) => member.reply.status === 'ok') : list.members;
}

/**
 * A reply's value as data, as `shape: "values"` would show it were nothing hidden; undefined where there is
 * none.
 */
export function* valueOf(reply: Reply, work: Work): Steps<unknown> {
  const { value, list } = reply;
  if (value) return value.read ? yield* value.read(work) : value.value;
  return list && reply.status !== 'error' ? yield* ofMembers(list, valueOf, work) : undefined;
}

/**
 * How what is typed in a reply's value is written, as data made of it is, too: as all of it is, and plainly
 * where that differs. Undefined where none is.
 */
export function modeOf({ value, list, defaulted }: Reply): Mode | undefined {
  if (defaulted) return undefined;
  if (value) return value.mode;
  const modes = new Set(list?.members.map(({ reply }) => modeOf(reply)));
  modes.delete(undefined);
  return modes.size > 1 ? 'plain' : [...modes][0];
}

/**
 * What the store said of a reply's body, undefined where there is none: of a group or forEach in its own
 * shape, of a nested `take: 1` the winner's.
 */
export function* metaOf(reply: Reply, work: Work): Steps<unknown> {
  const { list, winner, value } = reply;
  if (reply.defaulted) return undefined;
  if (!list) return value?.meta;
  if (winner !== undefined) return yield* metaOf(winnerOf(list, winner).reply, work);
  return reply.status === 'error' ? undefined : yield* ofMembers(list, metaOf, work);
}

/** The member whose value a nested `take: 1` answers. */
export function winnerOf(list: MemberList, winner: number): Member {
  return list.members.find((member) => stepOf(member) === winner) as Member;
}

/**
 * What each member of a group or forEach comes to that counts as a value, in its shape: null where that is
 * nothing.
 */
export function* ofMembers<W extends Pick<Work, 'tick'>>(
  list: MemberList,
  of: (reply: Reply, work: W, hidden: boolean) => Steps<unknown>,
  work: W,
): Steps<unknown> {
  let object: object = {};
  const values: unknown[] = [];
  for (const member of valued(list)) {
    if (work.tick()) yield;
    const value = (yield* of(member.reply, work, member.hidden)) ?? null;
    if (list.keyed) object = put(object, String(stepOf(member)), value);
    else values.push(value);
  }
  return list.keyed ? object : values;
}

/**
 * The first failure at any depth that nothing absorbed, in the order of the answer; not what was given up for
 * one.
 */
export function firstFailure(list: MemberList): Failure | undefined {
  const first = lacking(list).find(({ reply }) => failed(reply) && reply.error?.code !== 'CANCELLED');
  return first?.reply.error && { path: first.path, error: first.reply.error };
}
