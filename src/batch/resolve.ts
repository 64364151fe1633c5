import { CodapError } from '../errors.ts';
import type { Live } from './live.ts';
import { isOpaque, isWon, type Node } from './node.ts';
import { follow } from './pointer.ts';
import { failed, metaOf, valued, valueOf, winnerOf, type Member, type MemberList, type Reply } from './reply.ts';
import { isHeld } from '../turns.ts';
import type { Work } from '../work.ts';

/** What a reference found. */
export type Found =
  | { readonly is: 'value'; readonly value: unknown }
  | { readonly is: 'nowhere' }
  | { readonly is: 'skipped' }
  | { readonly is: 'failed'; readonly error: CodapError };

/** What a reference reads of a reply. */
export interface View {
  /** Of such a node it is known only as a whole. */
  isWhole(node: Node): boolean;
  /** What steps lead into. */
  list(reply: Reply): MemberList | undefined;
  /** All of it, undefined where there is none. */
  read(reply: Reply): unknown;
}

/** Its value: what is reshaped as a whole has no members any more. */
export const VALUE: View = {
  isWhole: isOpaque,
  list: ({ value, list }) => (value ? undefined : list),
  read: valueOf,
};

/** What the store said of it, which `select` does not reshape. */
export const META: View = {
  isWhole: (node) => node.default !== undefined || isWon(node),
  list: ({ defaulted, list }) => (defaulted ? undefined : list),
  read: metaOf,
};

const NOWHERE: Found = { is: 'nowhere' };
const SKIPPED: Found = { is: 'skipped' };
const INDEX = /^(?:0|[1-9]\d*)$/;

/** Reads below a member, waiting for no more than the part that the steps name. Rejects where, by the time it would begin to gather, nobody waits any more. */
export async function resolve(
  live: Live,
  steps: readonly string[],
  signal: AbortSignal,
  view: View,
  work: Work,
): Promise<Found> {
  const whole = steps.length === 0 || (!live.each && view.isWhole(live.node));
  const container = whole ? undefined : await live.container;
  if (!container || container.taking) {
    const reply = await live.reply;
    if (steps.includes('*') && isHeld()) await work.turn();
    if (signal.aborted) throw signal.reason;
    return below(reply, steps, live, view);
  }
  const [step = '', ...rest] = steps;
  const { keyed, lives, arrivals } = container;
  if (step === '*' && !keyed) {
    if (isHeld()) await work.turn();
    if (signal.aborted) throw signal.reason;
    const members = arrivals ? await Promise.all(lives.map((_, index) => arrivals.at(index))) : lives;
    return gather(
      await Promise.all(
        members.filter((one) => one !== undefined).map((member) => resolve(member, rest, signal, view, work)),
      ),
    );
  }
  const place = pick(keyed, lives, step);
  const member = place && arrivals ? await arrivals.at(Number(step)) : place;
  if (member) return resolve(member, rest, signal, view, work);
  // A group that failed did not wait for all to arrive.
  const all = place ? ofReply(await live.reply, view) : NOWHERE;
  return all.is === 'failed' ? all : NOWHERE;
}

/** Reads below a reply that has settled: that of a node, or of a forEach over it. */
function below(reply: Reply, steps: readonly string[], { node, each }: Pick<Live, 'node' | 'each'>, view: View): Found {
  const [step, ...rest] = steps;
  const list = view.list(reply);
  // What is known only as a whole has no parts where it failed.
  const sealed = !each && (view.isWhole(node) || (node.kind === 'group' && node.take !== undefined));
  if (step === undefined || !list || (sealed && failed(reply))) {
    const whole = ofReply(reply, view);
    if (whole.is !== 'value' || step === undefined) return whole;
    const there = follow(whole.value, steps);
    return there.found ? { is: 'value', value: there.value } : NOWHERE;
  }
  const into = (member: Member, further: readonly string[] = rest): Found => {
    const inner = { node: member.node, each: !each && member.node.forEach !== undefined };
    return below(member.reply, further, inner, view);
  };
  if (reply.winner !== undefined) return into(winnerOf(list, reply.winner), steps);
  const { keyed } = list;
  const members = valued(list);
  if (step === '*' && !keyed) return gather(members.map((member) => into(member)));
  const member = pick(keyed, members, step);
  return member ? into(member) : NOWHERE;
}

function pick<T extends { readonly path: Live['path'] }>(
  keyed: boolean,
  members: readonly T[],
  step: string,
): T | undefined {
  if (keyed) return members.find((one) => one.path.at(-1) === step);
  return INDEX.test(step) ? members[Number(step)] : undefined;
}

/** What `*` gathers: members without a value are passed over, unless there is none but failures. */
function gather(founds: readonly Found[]): Found {
  const values = founds.filter((found) => found.is === 'value');
  const failure = founds.find((found) => found.is === 'failed');
  if (failure && values.length === 0) return failure;
  return { is: 'value', value: values.flatMap((found) => found.value) };
}

function ofReply(reply: Reply, view: View): Found {
  if (failed(reply))
    return { is: 'failed', error: reply.error ?? new CodapError('INTERNAL', 'codap failed to run this query') };
  if (reply.status === 'skipped') return SKIPPED;
  const value = view.read(reply);
  return value === undefined ? NOWHERE : { is: 'value', value };
}
