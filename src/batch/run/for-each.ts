import { CodapError, toCodapError } from '../../errors.ts';
import { Ordered } from '../../patterns/index.ts';
import { ItemTemplate } from '../modifiers/for-each-list.ts';
import { callsPerItem } from '../plan/calls.ts';
import { fillValue } from '../template/fill-template.ts';
import { Reference } from '../template/reference.ts';
import { Live } from './live.ts';
import { replyOf, type Reply } from './reply.ts';
import type { RunMember, Scope } from './scope.ts';
import { failure, settle, withDefault } from './settle.ts';
import { counted, read, skippedBy, waitFor } from './wait.ts';

/** Once per item: work on one never waits for another, but for a place among `concurrency`. */
export async function runEach(live: Live, scope: Scope, runMember: RunMember): Promise<Reply> {
  const { node } = live;
  const list = node.forEach instanceof Reference ? await referred(node.forEach, live, scope) : (node.forEach ?? []);
  if (!isList(list)) return list;
  const started = performance.now();
  const lives = list.map((_, index) => new Live(node, [...live.path, index], false));
  live.open({ keyed: false, lives });
  const runs = new Ordered<void>({ concurrency: node.concurrency });
  const start = (one: Live, value: unknown): void => void runs.push(runMember, one, { ...scope, item: { value } });
  const waiting: Promise<void>[] = [];
  for (const [index, one] of lives.entries()) {
    const item = list[index];
    if (item instanceof ItemTemplate) waiting.push(startFilled(item, one, scope, start));
    else start(one, item);
  }
  await Promise.all(waiting);
  for await (const _ of runs);
  const members = lives.map((one) => ({
    node,
    path: one.path,
    as: one.as,
    hidden: false,
    reply: one.settled as Reply,
  }));
  return replyOf({ keyed: false, members, cancelled: 0, taken: false }, performance.now() - started);
}

/** The list that a reference comes to, its calls counted; or how the forEach ends without one. */
async function referred(reference: Reference, { node }: Live, scope: Scope): Promise<readonly unknown[] | Reply> {
  const outcome = await waitFor(reference, scope, scope.signal);
  const started = performance.now();
  if (outcome.is !== 'value') return skippedBy([[reference, outcome]]);
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

/** Starts an item once what it refers to is there: until then it takes no place. If that fails, it alone does. */
async function startFilled(
  { template, references }: ItemTemplate,
  live: Live,
  scope: Scope,
  start: (live: Live, value: unknown) => void,
): Promise<void> {
  const values = new Map<Reference, unknown>();
  let ended: Reply | undefined;
  try {
    ended = await read(references, false, scope, scope.signal, values);
    if (!ended) return start(live, await scope.batch.work.do(fillValue(template, { values, budgets: scope.batch })));
  } catch (error) {
    ended = failure(toCodapError(error), performance.now());
  }
  settle(live, withDefault(live.node, ended, scope), scope);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
