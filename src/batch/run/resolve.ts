import { CodapError } from '../../errors.ts';
import type { RunningMember } from './running-member.ts';
import { memberAt } from '../plan/named-members.ts';
import { type GroupNode, isOpaque, isWon, type Node } from '../plan/node.ts';
import { addTo, follow, isIndex } from '../../json/pointer.ts';
import { failed, metaOf, valued, valueOf, winnerOf, type Member, type MemberList, type Reply } from './reply.ts';
import { endingBy, type Steps, type Work } from '../../budget/work.ts';

/** What a reference comes to. */
export type Outcome =
  | { readonly is: 'value'; readonly value: unknown }
  | { readonly is: 'nowhere' }
  | { readonly is: 'skipped' }
  | { readonly is: 'failed'; readonly error: CodapError }
  /** It still ran, or was only read yet, when whoever waited for it had no more time. */
  | { readonly is: 'late'; readonly error: CodapError };

/** What a reference reads of a reply. */
export interface View {
  /** Of such a node it is known only as a whole. */
  isWhole(node: Node): boolean;
  /** What steps lead into. */
  list(reply: Reply): MemberList | undefined;
  /** All of it, of a reply that has not failed. */
  read(reply: Reply, work: Work): Steps<Outcome>;
}

/** Its value: what is reshaped as a whole has no members any more. */
export const VALUE: View = {
  isWhole: isOpaque,
  list: ({ value, list }) => (value ? undefined : list),
  *read(reply, work) {
    const value = yield* valueOf(reply, work);
    // A store's undefined is a value, too: an answer shows it as null.
    return reply.value ? { is: 'value', value } : there(value);
  },
};

/** What the store said of it, which `select` does not reshape. */
export const META: View = {
  isWhole: (node) => node.default !== undefined || isWon(node),
  list: ({ defaulted, list }) => (defaulted ? undefined : list),
  *read(reply, work) {
    return there(yield* metaOf(reply, work));
  },
};

const NOWHERE: Outcome = { is: 'nowhere' };
const SKIPPED: Outcome = { is: 'skipped' };

/** Where a reference looks, and what bounds that. */
export interface Looking {
  readonly view: View;
  readonly work: Work;
  /** Nobody waits any more. */
  readonly signal: AbortSignal;
  /** After this instant (`performance.now()` ms) it is of no use: what it is for could not begin any more. */
  readonly deadline: number;
}

/**
 * Reads below a member, waiting for no more than the part that the steps name. Rejects if nobody waits any
 * more by the time it would begin to gather.
 */
export async function resolve(whole: RunningMember, steps: readonly string[], looking: Looking): Promise<Outcome> {
  if (whole.settled) return read(whole.settled, whole, steps, looking);
  const outcome = await resolvePart(whole, steps, looking);
  return wasCancelled(outcome) ? becauseOf(await whole.reply, outcome) : outcome;
}

async function resolvePart(whole: RunningMember, steps: readonly string[], looking: Looking): Promise<Outcome> {
  const { view, work, signal, deadline } = looking;
  const isOne = steps.length === 0 || (!whole.each && view.isWhole(whole.node));
  const container = isOne ? undefined : await whole.container;
  if (!container || container.node?.take !== undefined) return read(await whole.reply, whole, steps, looking);
  const [step = '', ...rest] = steps;
  const { node, members, arrivals } = container;
  const keyed = node?.pattern === 'kv' ? node : undefined;
  if (step === '*' && !keyed) {
    // One after the other: very many references may each go over very many members.
    const gathered = new Gathered();
    for (const [index, one] of members.entries()) {
      const member = arrivals ? await arrivals.at(index) : one;
      if (member) await work.do(endingBy(gathered.add(await resolve(member, rest, looking), work), deadline), signal);
    }
    return gathered.outcome;
  }
  const place = pick(members, step, keyed);
  const member = place && arrivals ? await arrivals.at(Number(step)) : place;
  if (member) return resolve(member, rest, looking);
  // A group that failed did not wait for all to arrive.
  const reply = place && (await whole.reply);
  return reply && failed(reply) ? ofFailure(reply) : NOWHERE;
}

/**
 * What a reference comes to whose reader has no more time: by what it names, as far as that is known.
 * Undefined if that is there.
 */
export function overtaken(
  whole: RunningMember,
  steps: readonly string[],
  view: View,
  error: CodapError,
): Outcome | undefined {
  let part = whole;
  for (const step of steps) {
    const { parts } = part;
    const isOne = !part.each && view.isWhole(part.node);
    if (!parts || isOne || parts.node?.take !== undefined) break;
    // Who has come at which place is known to nobody yet: what is still looked for there is not there.
    if (parts.arrivals) return { is: 'failed', error };
    const next = pick(parts.members, step, parts.node?.pattern === 'kv' ? parts.node : undefined);
    if (!next) break;
    part = next;
  }
  const { settled } = part;
  if (settled?.status === 'skipped' && !settled.error) return SKIPPED;
  if (!settled) return { is: 'late', error };
  if (!failed(settled)) return undefined;
  const outcome = ofFailure(settled);
  return wasCancelled(outcome) ? { is: 'failed', error } : outcome;
}

/** Reads below what has settled, in turns with others. */
function read(
  reply: Reply,
  whole: RunningMember,
  steps: readonly string[],
  { view, work, signal, deadline }: Looking,
): Outcome | Promise<Outcome> {
  if (signal.aborted) throw signal.reason;
  return work.do(endingBy(below(reply, steps, whole, view, work), deadline), signal);
}

/** Reads below a reply that has settled: that of a node, or of a forEach over it. */
export function* below(
  reply: Reply,
  steps: readonly string[],
  of: Pick<RunningMember, 'node' | 'each'>,
  view: View,
  work: Work,
): Steps<Outcome> {
  const outcome = yield* partOf(reply, steps, of, view, work);
  return wasCancelled(outcome) ? becauseOf(reply, outcome) : outcome;
}

function* partOf(
  reply: Reply,
  steps: readonly string[],
  { node, each }: Pick<RunningMember, 'node' | 'each'>,
  view: View,
  work: Work,
): Steps<Outcome> {
  if (work.tick()) yield;
  const [step, ...rest] = steps;
  const list = view.list(reply);
  // What is known only as a whole has no parts where it failed.
  const sealed = !each && (view.isWhole(node) || (node.kind === 'group' && node.take !== undefined));
  if (step === undefined || !list || (sealed && failed(reply))) {
    const whole = yield* ofReply(reply, view, work);
    if (whole.is !== 'value' || step === undefined) return whole;
    const there = yield* follow(whole.value, steps, work);
    return there.found ? { is: 'value', value: there.value } : NOWHERE;
  }
  const into = (member: Member, further: readonly string[] = rest): Steps<Outcome> => {
    const inner = { node: member.node, each: !each && member.node.forEach !== undefined };
    return below(member.reply, further, inner, view, work);
  };
  if (reply.winner !== undefined) return yield* into(winnerOf(list, reply.winner), steps);
  const keyed = list.keyed ? (node as GroupNode) : undefined;
  const members = valued(list);
  if (step === '*' && !keyed) {
    const gathered = new Gathered();
    for (const member of members) yield* gathered.add(yield* into(member), work);
    return gathered.outcome;
  }
  const member = pick(members, step, keyed);
  return member ? yield* into(member) : NOWHERE;
}

/** The member that a step leads to: by key in a group that is keyed, else by position. */
function pick<T>(members: readonly T[], step: string, keyed: GroupNode | undefined): T | undefined {
  if (!keyed) return isIndex(step) ? members[Number(step)] : undefined;
  const named = memberAt(keyed, step);
  return named && members[named.index];
}

/**
 * What `*` gathers: members without a value, and those where the rest leads nowhere, are passed over, unless
 * there is none but failures.
 */
class Gathered {
  readonly #values: unknown[] = [];
  #failure: Outcome | undefined;
  #hasSucceeded = false;

  *add(outcome: Outcome, work: Work): Steps<void> {
    if (work.tick()) yield;
    if (outcome.is === 'failed') this.#failure ??= outcome;
    if (outcome.is === 'value' || outcome.is === 'nowhere') this.#hasSucceeded = true;
    if (outcome.is === 'value') yield* addTo(this.#values, outcome.value, work);
  }

  get outcome(): Outcome {
    return this.#failure && !this.#hasSucceeded ? this.#failure : { is: 'value', value: this.#values };
  }
}

function* ofReply(reply: Reply, view: View, work: Work): Steps<Outcome> {
  if (failed(reply)) return ofFailure(reply);
  if (reply.status === 'skipped') return SKIPPED;
  return yield* view.read(reply, work);
}

function there(value: unknown): Outcome {
  return value === undefined ? NOWHERE : { is: 'value', value };
}

function wasCancelled(outcome: Outcome): boolean {
  return outcome.is === 'failed' && outcome.error.code === 'CANCELLED';
}

/** What was given up because the group around it has failed has failed for what that has. */
function becauseOf(reply: Reply, outcome: Outcome): Outcome {
  return failed(reply) ? ofFailure(reply) : outcome;
}

function ofFailure({ error }: Reply): Outcome {
  return { is: 'failed', error: error ?? new CodapError('INTERNAL', 'codap failed to run this query') };
}
