import { CodapError, toCodapError } from '../errors.ts';
import type { Query } from '../fetch.ts';
import type { Value } from '../payload.ts';
import { Batch, type BatchOptions } from './batch.ts';
import { holds, select } from './condition.ts';
import { fillParams, fillValue, type Values } from './fill.ts';
import { runEach } from './for-each.ts';
import { type GroupRun, runGroup } from './group.ts';
import { Live } from './live.ts';
import { nameByItem, nameFrom } from './name.ts';
import type { GroupNode, Node, Plan, QueryNode } from './node.ts';
import type { Reference } from './reference.ts';
import { failed, firstFailure, replyOf, valueOf, type MemberList, type Reply } from './reply.ts';
import { isHeld, nextTurn } from '../turns.ts';
import { TypedValue } from './typed-value.ts';
import { read } from './wait.ts';

/** What surrounds a member while it runs. */
export interface Scope {
  readonly batch: Batch;
  readonly signal: AbortSignal;
  /** An instant: `performance.now()` ms. */
  readonly deadline: number;
  readonly group: GroupRun | undefined;
  /** The current item of the nearest forEach. */
  readonly item: { readonly value: unknown } | undefined;
  /** A `take` or `default` around it absorbs its failure. */
  readonly absorbed: boolean;
}

/** A batch under way. */
export interface Running {
  readonly batch: Batch;
  readonly root: Live;
}

/** Starts a planned batch; its root settles when all of it has, at the deadline at the latest. */
export function run(plan: Plan, options: BatchOptions): Running {
  const started = performance.now();
  const batch = new Batch(options);
  const root = new Live(plan.root, []);
  batch.takeCalls(plan.root.calls);
  const scope: Scope = {
    batch,
    signal: batch.signal,
    deadline: options.deadline,
    group: undefined,
    item: undefined,
    absorbed: false,
  };
  runGroup(plan.root, root, scope)
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
  const reply = await (live.each ? runEach(live, scope) : runOnce(live, scope)).catch((error: unknown): Reply => ({
    status: 'error',
    error: toCodapError(error),
    ms: 0,
  }));
  settle(live, reply, scope);
}

/** Ends one member: tells the batch of a failure, then whoever waits for it. */
export function settle(live: Live, reply: Reply, scope: Scope): void {
  try {
    speak(live, reply, scope);
  } finally {
    live.settle(reply);
  }
}

/** Tells the batch of a failure. A group's members have told of theirs, but for those that its `take` or `default` was to absorb and did not. */
function speak({ node, path }: Live, reply: Reply, { batch, absorbed }: Scope): void {
  const error = failed(reply) ? reply.error : undefined;
  if (error && !reply.list) batch.note({ path, error });
  else if (reply.error && !reply.list) batch.report({ path, error: reply.error });
  if (!batch.options.failFast || absorbed) return;
  if (error) batch.decide({ path, error });
  else if (reply.status === 'partial' && node.default) {
    const first = reply.list && firstFailure(reply.list);
    if (first) batch.decide(first);
  }
}

async function runOnce(live: Live, scope: Scope): Promise<Reply> {
  const { node } = live;
  const open = node.kind === 'query' ? scope.batch.options.open?.(node) : undefined;
  // What flows may wait for its turn beyond the deadline; what it refers to is there by then.
  const patience = open ? scope.batch.ended : scope.signal;
  let started: number | undefined;
  try {
    if (typeof node.as === 'object' && scope.item) live.as = nameByItem(node.as, scope.item.value, scope.batch);
    const values = new Map<Reference, unknown>();
    const fill = (template: unknown): unknown => fillValue(template, values, scope.batch);
    if (node.when || node.unless) {
      const skipped = await read(node.conditionReferences, true, scope, patience, values);
      if (skipped) return withDefault(node, skipped, scope);
      while (isHeld()) await nextTurn();
      keepTime(scope, patience);
      if ((node.when && !holds(node.when, fill)) || (node.unless && holds(node.unless, fill)))
        return { status: 'skipped' };
    }
    const skipped =
      (await read(node.references, false, scope, patience, values)) ??
      (await read(node.selectReferences, true, scope, patience, values));
    if (skipped) return withDefault(node, skipped, scope);
    if (typeof node.as === 'object') live.as = nameFrom(node.as, values, scope.batch);
    started = performance.now();
    if (patience.aborted) throw patience.reason;
    if (node.kind === 'group') {
      const list = await runGroup(node, live, scope, started);
      while (node.select && isHeld()) await nextTurn();
      return finishGroup(node, list, values, started, scope);
    }
    if (!node.literal) {
      while (isHeld()) await nextTurn();
      keepTime(scope, patience);
    }
    const query = { op: node.op, params: node.literal ? node.params : compile(node, values, scope) };
    if (open) {
      const opened = await open(node, query, live, scope);
      return { status: 'ok', opened, ms: performance.now() - started };
    }
    const gathered = await gather(node, query, scope, started);
    if (node.select) {
      while (isHeld()) await nextTurn();
      keepTime(scope, patience);
    }
    const value = finish(node, gathered, values, scope);
    return { status: 'ok', value, ms: performance.now() - started };
  } catch (error) {
    const known = toCodapError(error);
    return withDefault(
      node,
      failure(node.kind === 'query' ? known.from(node.source.name) : known, started ?? performance.now()),
      scope,
    );
  }
}

/** Asks the store for the whole answer. */
async function gather(
  node: QueryNode,
  query: Pick<Query, 'op' | 'params'>,
  scope: Scope,
  started: number,
): Promise<Value> {
  const { source } = node;
  const deadline = Math.min(scope.deadline, started + Math.min(node.timeoutMs ?? Infinity, source.timeoutMs));
  try {
    const context = { signal: scope.signal, deadline, caller: scope.batch.callerFor(source) };
    const payload = await source.fetch({ ...query, want: 'value' }, context);
    if (payload.kind !== 'value') throw new CodapError('INTERNAL', 'codap failed to gather this answer');
    return payload;
  } finally {
    scope.batch.timed(source.name, performance.now() - started);
  }
}

function compile(node: QueryNode, values: Values, scope: Scope): unknown {
  for (const reference of node.references) {
    if (reference.word !== '$join') scope.batch.takeBytes(scope.batch.mustFit(values.get(reference)));
  }
  const fault = (_path: unknown, detail: string): never => {
    throw new CodapError('INVALID', `a filled-in value does not fit: ${detail}`);
  };
  return node.source.prepare(node.op, fillParams(node.params, values) as Record<string, unknown>, fault, node.stream);
}

/** `accept`, `select`, and the answer's budget. */
function finish(node: Node, value: Value, values: Values, scope: Scope): Value {
  if (node.found && /^\s*null\s*$/.test(value.json)) throw new CodapError('NOT_FOUND', 'nothing was found');
  if (!node.select) {
    scope.batch.takeBytes(Buffer.byteLength(value.json));
    return value;
  }
  const selected = select(node.select, value.value, (template) => fillValue(template, values, scope.batch));
  scope.batch.mustFit(selected);
  const shaped = new TypedValue(selected, value.meta, value.mode);
  scope.batch.takeBytes(Buffer.byteLength(shaped.json));
  return shaped;
}

function finishGroup(node: GroupNode, list: MemberList, values: Values, started: number, scope: Scope): Reply {
  const reply = replyOf(list, performance.now() - started);
  if (failed(reply)) return withDefault(node, reply, scope);
  const winner = node.take === 1 ? list.members.find((member) => member.reply.status === 'ok') : undefined;
  const opened = winner?.reply.opened;
  if (winner && opened)
    return {
      status: 'ok',
      opened,
      winner: winner.path.at(-1) as number,
      ...(reply.ms !== undefined && { ms: reply.ms }),
    };
  if (!winner && !node.select) return reply;
  const whole = winner
    ? (winner.reply.value ?? new TypedValue(valueOf(winner.reply) ?? null))
    : new TypedValue(valueOf(reply));
  const value = node.select || node.found ? finish(node, whole, values, scope) : whole;
  return { ...reply, value, ...(winner && { winner: winner.path.at(-1) as number }) };
}

/** A reply that failed. */
export function failure(error: CodapError, started: number): Reply {
  return { status: 'error', error, ms: performance.now() - started };
}

/** A `default` stands in for a failure, but for work that is not needed any more. */
export function withDefault(node: Node, reply: Reply, scope: Scope): Reply {
  if (!node.default || !reply.error || reply.error.code === 'CANCELLED') return reply;
  const value = new TypedValue(node.default.value);
  try {
    scope.batch.mustFit(node.default.value);
    scope.batch.takeBytes(Buffer.byteLength(value.json));
  } catch (error) {
    return { ...reply, status: 'error', error: toCodapError(error) };
  }
  return { ...reply, status: 'ok', value, defaulted: true };
}

/** Work that would begin too late, or is not needed any more, is not begun: while codap computes, no timer can tell. */
function keepTime({ signal, deadline }: Scope, patience: AbortSignal): void {
  if (patience.aborted) throw patience.reason;
  if (patience === signal && performance.now() >= deadline)
    throw new CodapError('TIMEOUT', 'no answer within the time allowed');
}
