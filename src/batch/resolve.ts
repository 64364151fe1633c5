import { CodapError } from '../errors.ts';
import type { Live } from './live.ts';
import { isOpaque } from './node.ts';
import { follow } from './pointer.ts';
import { failed, valued, valueOf, type Member, type Reply } from './reply.ts';
import { isHeld } from '../turns.ts';
import type { Work } from '../work.ts';

/** What a reference found. */
export type Found =
  | { readonly is: 'value'; readonly value: unknown }
  | { readonly is: 'nowhere' }
  | { readonly is: 'skipped' }
  | { readonly is: 'failed'; readonly error: CodapError };

const NOWHERE: Found = { is: 'nowhere' };
const SKIPPED: Found = { is: 'skipped' };
const INDEX = /^(?:0|[1-9]\d*)$/;

/** Reads below a member, waiting for no more than the part that the steps name. Rejects where, by the time it would begin to gather, nobody waits any more. */
export async function resolve(live: Live, steps: readonly string[], signal: AbortSignal, work: Work): Promise<Found> {
  const container = steps.length === 0 || live.opaque ? undefined : await live.container;
  if (!container || container.taking) {
    const reply = await live.reply;
    if (steps.includes('*') && isHeld()) await work.turn();
    if (signal.aborted) throw signal.reason;
    return below(reply, steps, live);
  }
  const [step = '', ...rest] = steps;
  const { keyed, lives, arrivals } = container;
  if (step === '*' && !keyed) {
    if (isHeld()) await work.turn();
    if (signal.aborted) throw signal.reason;
    const members = arrivals ? await Promise.all(lives.map((_, index) => arrivals.at(index))) : lives;
    return gather(
      await Promise.all(
        members.filter((one) => one !== undefined).map((member) => resolve(member, rest, signal, work)),
      ),
    );
  }
  const place = pick(keyed, lives, step);
  const member = place && arrivals ? await arrivals.at(Number(step)) : place;
  if (member) return resolve(member, rest, signal, work);
  // A group that failed did not wait for all to arrive.
  const whole = place ? ofReply(await live.reply) : NOWHERE;
  return whole.is === 'failed' ? whole : NOWHERE;
}

/** Reads below a reply that has settled: that of a node, or of a forEach over it. */
function below(reply: Reply, steps: readonly string[], { node, each }: Pick<Live, 'node' | 'each'>): Found {
  const [step, ...rest] = steps;
  // What is known only as a whole has no parts where it failed.
  const sealed = !each && (isOpaque(node) || (node.kind === 'group' && node.take !== undefined));
  if (step === undefined || reply.value || !reply.list || (sealed && failed(reply))) {
    const whole = ofReply(reply);
    if (whole.is !== 'value' || step === undefined) return whole;
    const there = follow(whole.value, steps);
    return there.found ? { is: 'value', value: there.value } : NOWHERE;
  }
  const { keyed } = reply.list;
  const members = valued(reply.list);
  const into = (member: Member): Found =>
    below(member.reply, rest, { node: member.node, each: !each && member.node.forEach !== undefined });
  if (step === '*' && !keyed) return gather(members.map(into));
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

function ofReply(reply: Reply): Found {
  if (failed(reply))
    return { is: 'failed', error: reply.error ?? new CodapError('INTERNAL', 'codap failed to run this query') };
  if (reply.status === 'skipped') return SKIPPED;
  return { is: 'value', value: valueOf(reply) };
}
