import { CodapError, toCodapError } from '../../errors.ts';
import type { Memory } from '../../budget/memory.ts';
import type { Query } from '../../store/fetch.ts';
import type { Value } from '../../store/payload.ts';
import type { Plan, QueryNode } from '../plan/node.ts';
import type { Reference } from '../plan/reference.ts';
import { Batch, type BatchOptions } from './batch.ts';
import { compile, finish, finishGroup, isChosen } from './finish.ts';
import { runEach } from './for-each.ts';
import { runGroup } from './group.ts';
import { Live } from './live.ts';
import { nameByItem, nameFrom } from './name.ts';
import { replyOf, type Reply } from './reply.ts';
import type { OpenerOf, Scope } from './scope.ts';
import { failure, settle, withDefault } from './settle.ts';
import { read } from './wait.ts';

/** A batch under way. */
export interface Running {
  readonly batch: Batch;
  readonly root: Live;
}

/** Starts a planned batch; its root settles when all of it has, at the deadline at the latest. */
export function run(plan: Plan, options: BatchOptions, openerOf: OpenerOf = () => undefined): Running {
  const started = performance.now();
  const batch = new Batch(options);
  const root = new Live(plan.root, []);
  batch.takeCalls(plan.root.calls);
  const scope: Scope = {
    batch,
    openerOf,
    signal: batch.signal,
    deadline: options.deadline,
    group: undefined,
    item: undefined,
    absorbed: false,
  };
  runGroup(plan.root, root, scope, runMember)
    .then((list) => {
      if (list.decidedBy && !batch.decidedBy) batch.decidedBy = list.decidedBy;
      root.settle(replyOf(list, performance.now() - started));
    })
    .catch((cause: unknown) => {
      const error = new CodapError('INTERNAL', 'codap failed to run this batch', { cause });
      batch.decide({ path: [], error });
      root.settle(failure(error, started));
      batch.note({ path: [], error });
    })
    .finally(() => batch.close());
  return { batch, root };
}

/** Runs one member with all its modifiers and settles it, whatever happens. */
export async function runMember(live: Live, scope: Scope): Promise<void> {
  const reply = await (live.each ? runEach(live, scope, runMember) : runOnce(live, scope)).catch(
    (error: unknown): Reply => ({
      status: 'error',
      error: toCodapError(error),
      ms: 0,
    }),
  );
  settle(live, reply, scope);
}

async function runOnce(live: Live, scope: Scope): Promise<Reply> {
  const { node } = live;
  const open = node.kind === 'query' ? scope.openerOf(node) : undefined;
  // What flows may wait for its turn beyond the deadline; what it refers to is there by then.
  const patience = open ? scope.batch.ended : scope.signal;
  const { work, memory } = scope.batch;
  const held = memory.part();
  let started: number | undefined;
  try {
    if (typeof node.as === 'object' && scope.item)
      live.as = await work.do(nameByItem(node.as, scope.item.value, scope.batch));
    const values = new Map<Reference, unknown>();
    if (node.when || node.unless) {
      const skipped = await read(node.conditionReferences, true, scope, patience, values);
      if (skipped) return withDefault(node, skipped, scope);
      keepTime(scope, patience);
      if (!(await work.do(isChosen(node, values, scope.batch)))) return { status: 'skipped' };
    }
    const skipped =
      (await read(node.references, false, scope, patience, values)) ??
      (await read(node.selectReferences, true, scope, patience, values));
    if (skipped) return withDefault(node, skipped, scope);
    if (typeof node.as === 'object') live.as = await work.do(nameFrom(node.as, values, scope.batch));
    started = performance.now();
    if (patience.aborted) throw patience.reason;
    if (node.kind === 'group') {
      const list = await runGroup(node, live, scope, runMember, started);
      return await work.do(finishGroup(node, list, values, started, scope));
    }
    if (!node.literal) keepTime(scope, patience);
    const query = {
      op: node.op,
      params: node.literal ? node.params : await work.do(compile(node, values, scope, held)),
    };
    if (open) {
      const opened = await open(node, query, live, scope);
      return { status: 'ok', opened, ms: performance.now() - started };
    }
    const gathered = await gather(node, query, scope, started, held);
    if (node.select) keepTime(scope, patience);
    const value = await work.do(finish(node, gathered, values, scope, held));
    return { status: 'ok', value, ms: performance.now() - started };
  } catch (error) {
    const known = toCodapError(error);
    const failed = failure(node.kind === 'query' ? known.from(node.source.name) : known, started ?? performance.now());
    return withDefault(node, failed, scope);
  } finally {
    held.close();
  }
}

/** Asks the store for the whole answer, whose bytes are counted as `held` while they are collected. */
async function gather(
  node: QueryNode,
  query: Pick<Query, 'op' | 'params'>,
  scope: Scope,
  started: number,
  held: Memory,
): Promise<Value> {
  const { source, timeoutMs } = node;
  const { batch, signal, deadline } = scope;
  try {
    const bounds = { signal, started, timeoutMs, deadline, memory: held, work: batch.work };
    const payload = await source.call({ ...query, want: 'value' }, batch.who, bounds);
    if (payload.kind !== 'value') throw new CodapError('INTERNAL', 'codap failed to gather this answer');
    return payload;
  } finally {
    batch.timed(source.name, performance.now() - started);
  }
}

/** Work that would begin too late, or is not needed any more, is not begun: while codap computes, no timer can tell. */
function keepTime({ signal, deadline }: Scope, patience: AbortSignal): void {
  if (patience.aborted) throw patience.reason;
  if (patience === signal && performance.now() >= deadline)
    throw new CodapError('TIMEOUT', 'no answer within the time allowed');
}
