import { isLoopHeld } from '../../budget/turns.ts';
import { CodapError, toCodapError } from '../../errors.ts';
import { Ordered } from '../../patterns/index.ts';
import { ItemTemplate } from '../modifiers/for-each-list.ts';
import { callsPerItem } from '../plan/calls.ts';
import type { Node } from '../plan/node.ts';
import { fillValue } from '../template/fill-template.ts';
import { Reference } from '../template/reference.ts';
import { Breakage } from './breakage.ts';
import { Gate } from './gate.ts';
import { ItemPlace } from './item-place.ts';
import { replyWithout } from './reply-without.ts';
import type { MemberList, Reply } from './reply.ts';
import { groupReply } from './running-group.ts';
import { RunningMember } from './running-member.ts';
import { doFor, type Item, type Patience, patienceWith, type RunMember, type Scope } from './scope.ts';
import { failure, opened, withDefault } from './settle.ts';
import { counted, readReferences, waitFor } from './wait.ts';

/** Items that have begun and not opened, most of which wait for their turn: each takes some kilobytes. */
const MOST_STARTED = 1000;

/** The items of a forEach, with a member for each. */
interface Items {
  readonly node: Node;
  readonly list: readonly unknown[];
  readonly members: readonly RunningMember[];
}

/** Runs a member with the value of its item, which is here. */
type RunItem = (member: RunningMember, value: unknown) => Promise<RunningMember>;

/** Once per item: work on one never waits for another, but for a place among `concurrency`. */
export async function runEach(whole: RunningMember, scope: Scope, runMember: RunMember): Promise<Reply> {
  const { node } = whole;
  const patience = patienceWith(node, scope);
  const { forEach = [] } = node;
  const list = forEach instanceof Reference ? await referred(forEach, whole, scope, patience) : forEach;
  if (!isList(list)) return list;
  const started = performance.now();
  const members = list.map((_, index) => new RunningMember(node, [...whole.path, index], false));
  scope.batch.trace?.follow(members);
  const answered = (): MemberList => ({
    keyed: false,
    members: members.map((member) => member.inAnswer),
    cancelled: 0,
    taken: false,
  });
  whole.start({ started, members, list: answered });
  await runItems({ node, list, members }, scope, patience, runMember);
  return groupReply(answered(), performance.now() - started);
}

/** Runs the members of a forEach, each once its item and a place for it are there. */
async function runItems(
  { node, list, members }: Items,
  scope: Scope,
  patience: Patience,
  runMember: RunMember,
): Promise<void> {
  // One that flows and starts late would find all places taken by those that are read after it.
  const isInTurn = scope.places !== undefined && patience.deadline === Infinity;
  // Items that may wait for turns of their own, and gather meanwhile, have no place while they only wait.
  const gate = isInTurn && node.kind === 'group' ? new Gate(node.concurrency, node.concurrency) : undefined;
  const runs = new Ordered({ concurrency: gate ? MOST_STARTED : node.concurrency });
  const breakage = new Breakage();
  const runOne: RunItem = (member, value) => {
    const itemPlace = gate && new ItemPlace(gate, member, scope.ended);
    const running = (): Promise<RunningMember> =>
      runMember(member, { ...scope, item: { value }, itemPlace: itemPlace ?? scope.itemPlace }).catch(breakage.note);
    return itemPlace ? itemPlace.run(running, scope.wants) : running();
  };
  // Of what nobody needs any more each item tells itself.
  const turn = (): Promise<void> => scope.batch.work.turn().catch(() => {});
  const runInTurn = inTurns(runOne, turn);
  const start = (member: RunningMember, value: unknown): void => void runs.push(runInTurn, member, value);
  const waiting: Promise<unknown>[] = [];
  for (const [index, member] of members.entries()) {
    if (isLoopHeld()) await turn();
    const item = list[index];
    if (!(item instanceof ItemTemplate)) start(member, item);
    else {
      const filling = fill(item, member, scope, patience);
      if (isInTurn) runs.push(async () => startFilled(await filling, member, scope, runOne));
      else waiting.push(filling.then((filled) => startFilled(filled, member, scope, start)));
    }
  }
  await Promise.all(waiting);
  await runs.allSettled();
  breakage.check();
}

/**
 * Runs items in turns with others: those that fail at once start the next ones, and very many take a while.
 * None overtakes one that waits.
 */
function inTurns(run: RunItem, turn: () => Promise<void>): RunItem {
  let waiting = 0;
  return (member, value) => {
    if (waiting === 0 && !isLoopHeld()) return run(member, value);
    waiting += 1;
    return turn().then(() => {
      waiting -= 1;
      return run(member, value);
    });
  };
}

/** The list that a reference comes to, its calls counted; or how the forEach ends without one. */
async function referred(
  reference: Reference,
  { node, trace }: RunningMember,
  scope: Scope,
  patience: Patience,
): Promise<readonly unknown[] | Reply> {
  const outcome = await waitFor(reference, scope, { patience, trace });
  const started = performance.now();
  if (outcome.is !== 'value') return replyWithout([[reference, outcome]], scope);
  const items = outcome.value;
  if (!isList(items))
    return failure(new CodapError('INVALID', 'forEach was given something that is not a list'), started);
  try {
    counted(items, reference, scope);
    scope.batch.takeCalls(items.length * callsPerItem(node));
    return items;
  } catch (error) {
    return failure(toCodapError(error), started);
  }
}

/** An item, once what it refers to is there; or how its member ends without it. */
async function fill(
  { template, references }: ItemTemplate,
  { trace }: RunningMember,
  scope: Scope,
  patience: Patience,
): Promise<Item | Reply> {
  const { batch } = scope;
  const values = new Map<Reference, unknown>();
  try {
    const ended = await readReferences(references, false, scope, { patience, trace }, values);
    return ended ?? { value: await doFor(scope, patience, fillValue(template, { values, budgets: batch })) };
  } catch (error) {
    return failure(toCodapError(error), performance.now());
  }
}

/** Starts an item that is there. One that is not fails alone. */
function startFilled(
  filled: Item | Reply,
  member: RunningMember,
  scope: Scope,
  start: (member: RunningMember, value: unknown) => unknown,
): unknown {
  if (!('status' in filled)) return start(member, filled.value);
  return opened(member, withDefault(member.node, filled, scope), scope);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
