import { CodapError, toCodapError } from '../../errors.ts';
import type { Payload } from '../../store/payload.ts';
import { ValueQuery } from '../../store/value-query.ts';
import type { Plan } from '../plan/node.ts';
import { Batch, type BatchOptions } from './batch.ts';
import { paramsOf } from './compile-params.ts';
import { finishGroup, reshaped, taken } from './finish.ts';
import { runEach } from './for-each.ts';
import { asValue, gather, noteDuration } from './gather.ts';
import { GRACE_MS } from './grace.ts';
import { runGroup } from './group.ts';
import { OpenPlaces } from './open-places.ts';
import { openWanted } from './open-wanted.ts';
import { isPlain, PlainQuery } from './plain-query.ts';
import { prepare } from './prepare.ts';
import type { Reply } from './reply.ts';
import { groupReply } from './running-group.ts';
import { RunningMember } from './running-member.ts';
import { doFor, patienceWith, type Scope, throwIfLate } from './scope.ts';
import { failedBy, failure, opened, withDefault } from './settle.ts';
import { flows, type Taking } from './taking.ts';

/** A batch under way. */
export interface Running {
  readonly batch: Batch;
  readonly root: RunningMember;
  /** An instant: `performance.now()` ms. */
  readonly started: number;
}

/** Starts a planned batch; its root settles when all of it has, at the deadline at the latest. */
export function run(plan: Plan, options: BatchOptions, { wants, fewOpen }: Taking): Running {
  const started = performance.now();
  const batch = new Batch(options);
  const root = new RunningMember(plan.root, []);
  batch.trace?.follow([root]);
  batch.takeCalls(plan.root.calls);
  const places = fewOpen && flows(plan.root, wants) ? new OpenPlaces(plan.root) : undefined;
  if (places) batch.work.endsBy(Infinity, batch.ended);
  const scope: Scope = {
    batch,
    wants,
    places,
    signal: batch.signal,
    ended: batch.ended,
    deadline: options.deadline,
    timeoutMs: options.timeoutMs,
    group: undefined,
    item: undefined,
    itemPlace: undefined,
    absorbed: false,
  };
  runGroup(plan.root, root, scope, runMember, started)
    .then((list) => root.open(groupReply(list, performance.now() - started)))
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
function runMember(member: RunningMember, scope: Scope): Promise<RunningMember> {
  const { node, each, trace } = member;
  trace?.ready();
  if (!each && isPlain(node) && scope.wants(node) === 'value') return new PlainQuery(node, member, scope).run();
  const running = each ? runEach(member, scope, runMember) : runOnce(member, scope);
  return running.then(
    (reply) => opened(member, reply, scope),
    (error: unknown) => opened(member, { status: 'error', error: toCodapError(error), ms: 0 }, scope),
  );
}

/** Runs a query, or a group and all that it holds, once. */
async function runOnce(member: RunningMember, scope: Scope): Promise<Reply> {
  const { node } = member;
  const want = node.kind === 'query' ? scope.wants(node) : 'value';
  const { batch } = scope;
  const patience = patienceWith(node, scope);
  const held = batch.memory.part();
  let started: number | undefined;
  try {
    const preparing = prepare(member, scope, patience);
    // What is there already is not awaited.
    const values = preparing instanceof Promise ? await preparing : preparing;
    if ('status' in values) return withDefault(node, values, scope);
    started = performance.now();
    if (patience.signal.aborted) throw patience.signal.reason;
    if (node.kind === 'group') {
      const list = await runGroup(node, member, scope, runMember, started);
      const finished = finishGroup(node, list, values, started, scope);
      return 'status' in finished ? finished : await doFor(scope, patience, finished);
    }
    const compiling = paramsOf(node, values, scope, patience, held);
    const params: unknown = compiling instanceof Promise ? await compiling : compiling;
    if (want !== 'value') {
      const flow = await openWanted(node, { op: node.op, params, want }, member, scope);
      return { status: 'ok', flow, ms: performance.now() - started };
    }
    let payload: Payload;
    let ms = 0;
    try {
      payload = await gather(node, node.literal ?? new ValueQuery(node.op, params), member, scope, held, started);
    } finally {
      ms = noteDuration(node, started, batch);
    }
    const answer = asValue(payload);
    if (!node.isReshaped) return { status: 'ok', value: taken(answer, batch, held), ms };
    throwIfLate(scope, patience, GRACE_MS.computing);
    const value = await doFor(scope, patience, reshaped(node, answer, values, batch, held));
    return { status: 'ok', value, ms: performance.now() - started };
  } catch (error) {
    return failedBy(error, node, started ?? performance.now(), scope);
  } finally {
    held.close();
  }
}
