import { isHeld } from '../../budget/turns.ts';
import { CodapError, toCodapError, tooLate } from '../../errors.ts';
import type { CallBounds } from '../../sources/call.ts';
import type { Query } from '../../store/fetch.ts';
import type { Value } from '../../store/payload.ts';
import { isChosen } from '../modifiers/apply-modifiers.ts';
import { as } from '../modifiers/as.ts';
import type { Plan, QueryNode } from '../plan/node.ts';
import type { Reference } from '../template/reference.ts';
import { Batch, type BatchOptions } from './batch.ts';
import { compile, finish, finishGroup } from './finish.ts';
import { runEach } from './for-each.ts';
import { runGroup } from './group.ts';
import { nameByItem } from './name-by-item.ts';
import { OpenPlaces } from './open-places.ts';
import { openWanted } from './open-wanted.ts';
import type { Reply } from './reply.ts';
import { judge } from './running-group.ts';
import { RunningMember } from './running-member.ts';
import type { Scope, Taking } from './scope.ts';
import { failure, opened, withDefault } from './settle.ts';
import { read, readToRun } from './wait.ts';

/** A batch under way. */
export interface Running {
  readonly batch: Batch;
  readonly root: RunningMember;
  /** An instant: `performance.now()` ms. */
  readonly started: number;
}

const GATHERED: Taking = { wants: () => 'value' };

/** Starts a planned batch; its root settles when all of it has, at the deadline at the latest. */
export function run(plan: Plan, options: BatchOptions, { wants, bodiesInTurn }: Taking = GATHERED): Running {
  const started = performance.now();
  const batch = new Batch(options);
  const root = new RunningMember(plan.root, []);
  batch.trace?.follow([root]);
  batch.takeCalls(plan.root.calls);
  const scope: Scope = {
    batch,
    wants,
    places: bodiesInTurn ? new OpenPlaces(plan.root) : undefined,
    signal: batch.signal,
    deadline: options.deadline,
    group: undefined,
    item: undefined,
    absorbed: false,
  };
  runGroup(plan.root, root, scope, runMember, started)
    .then((list) => {
      if (list.decidedBy && !batch.decidedBy) batch.decidedBy = list.decidedBy;
      root.open(judge(list, performance.now() - started));
    })
    .catch((cause: unknown) => {
      const error = new CodapError('INTERNAL', 'codap failed to run this batch', { cause });
      batch.decide({ path: [], error });
      root.open(failure(error, started));
      batch.note({ path: [], error });
    })
    .finally(() => batch.close());
  return { batch, root, started };
}

/** Runs one member with all its modifiers until it has opened or failed to, whatever happens. */
export async function runMember(member: RunningMember, scope: Scope): Promise<void> {
  let reply: Reply;
  member.trace?.ready();
  try {
    reply = await (member.each ? runEach(member, scope, runMember) : runOnce(member, scope));
  } catch (error) {
    reply = { status: 'error', error: toCodapError(error), ms: 0 };
  }
  opened(member, reply, scope);
}

async function runOnce(member: RunningMember, scope: Scope): Promise<Reply> {
  const { node, trace } = member;
  const want = node.kind === 'query' ? scope.wants(node) : 'value';
  // What flows may wait for its turn beyond the deadline; what it refers to is there by then.
  const waitSignal = want === 'value' ? scope.signal : scope.batch.ended;
  const { work, memory } = scope.batch;
  const held = memory.part();
  let started: number | undefined;
  try {
    if (trace?.after !== undefined) scope.batch.takeBytes(Buffer.byteLength(trace.after));
    if (typeof node.as === 'object' && scope.item)
      member.as = await work.do(nameByItem(node.as, scope.item.value, scope.batch));
    const values = new Map<Reference, unknown>();
    if (node.isConditional) {
      const skipped = await read(node.referencesToStart, true, scope, { signal: waitSignal, trace }, values);
      if (skipped) return withDefault(node, skipped, scope);
      throwIfLate(scope, waitSignal);
      if (!(await work.do(isChosen(node, { values, budgets: scope.batch })))) return { status: 'skipped' };
    }
    const reading = readToRun(node, scope, { signal: waitSignal, trace }, values);
    // What is there already is not awaited.
    const skipped = reading instanceof Promise ? await reading : reading;
    if (skipped) return withDefault(node, skipped, scope);
    if (typeof node.as === 'object') member.as = await work.do(as.apply(node.as, { values, budgets: scope.batch }));
    started = performance.now();
    if (waitSignal.aborted) throw waitSignal.reason;
    if (node.kind === 'group') {
      const list = await runGroup(node, member, scope, runMember, started);
      return await work.do(finishGroup(node, list, values, started, scope));
    }
    if (!node.literal) throwIfLate(scope, waitSignal);
    const params = node.literal ? node.params : work.do(compile(node, values, scope, held));
    const query = { op: node.op, params: params instanceof Promise ? ((await params) as unknown) : params };
    // What was filled in may be large, and so take a while to be sent.
    if (!node.literal && isHeld()) await work.turn();
    if (want !== 'value') {
      const flow = await openWanted(node, want, query, member, scope);
      return { status: 'ok', flow, ms: performance.now() - started };
    }
    const { signal, deadline } = scope;
    const { timeoutMs, maxAgeMs } = node;
    const bounds = { signal, started, timeoutMs, deadline, memory: held, work, trace, maxAgeMs };
    const gathered = await gather(node, query, scope.batch, bounds);
    if (node.isReshaped) throwIfLate(scope, waitSignal);
    const value = await work.do(finish(node, gathered, values, scope.batch, held));
    return { status: 'ok', value, ms: performance.now() - started };
  } catch (error) {
    const known = toCodapError(error);
    const failed = failure(node.kind === 'query' ? known.from(node.source.name) : known, started ?? performance.now());
    return withDefault(node, failed, scope);
  } finally {
    held.close();
  }
}

/** Asks the store for the whole answer. */
async function gather(
  { source }: QueryNode,
  query: Pick<Query, 'op' | 'params'>,
  batch: Batch,
  bounds: CallBounds,
): Promise<Value> {
  try {
    const payload = await source.call({ ...query, want: 'value' }, batch.who, bounds);
    if (payload.kind !== 'value') throw new CodapError('INTERNAL', 'codap failed to gather this answer');
    return payload;
  } finally {
    batch.timed(source.name, performance.now() - bounds.started);
  }
}

/** Throws where work would begin too late, or for nobody: while codap computes, no timer can tell. */
function throwIfLate({ signal, deadline }: Scope, waitSignal: AbortSignal): void {
  if (waitSignal.aborted) throw waitSignal.reason;
  if (waitSignal === signal && performance.now() >= deadline) throw tooLate();
}
