import { CodapError, toCodapError } from '../../errors.ts';
import type { Query } from '../../store/fetch.ts';
import type { Memory } from '../../budget/memory.ts';
import type { Meta, Value } from '../../store/payload.ts';
import { Batch, type BatchOptions } from './batch.ts';
import { holds, select } from '../plan/condition.ts';
import { fillParams, fillValue, type Values } from './fill.ts';
import { runEach } from './for-each.ts';
import { type GroupRun, runGroup } from './group.ts';
import { Live } from './live.ts';
import { nameByItem, nameFrom } from './name.ts';
import type { GroupNode, Node, Plan, QueryNode } from '../plan/node.ts';
import type { Reference } from '../plan/reference.ts';
import { failed, firstFailure, replyOf, valueOf, type MemberList, type Reply } from './reply.ts';
import { sizing } from '../../json/size.ts';
import type { Mode } from '../../json/typed-text.ts';
import type { Steps } from '../../budget/work.ts';
import { TypedValue, writeTyped } from './typed-value.ts';
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
      const list = await runGroup(node, live, scope, started);
      return await work.do(finishGroup(node, list, values, started, scope));
    }
    if (!node.literal) keepTime(scope, patience);
    const query = { op: node.op, params: node.literal ? node.params : await work.do(compile(node, values, scope)) };
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
  const { source } = node;
  const deadline = Math.min(scope.deadline, started + Math.min(node.timeoutMs ?? Infinity, source.timeoutMs));
  try {
    const context = { signal: scope.signal, deadline, ...scope.batch.contextFor(source, held) };
    const payload = await source.fetch({ ...query, want: 'value' }, context);
    if (payload.kind !== 'value') throw new CodapError('INTERNAL', 'codap failed to gather this answer');
    return payload;
  } finally {
    scope.batch.timed(source.name, performance.now() - started);
  }
}

/** Whether `when` and `unless` let it run. */
function* isChosen({ when, unless }: Node, values: Values, batch: Batch): Steps<boolean> {
  const fill = (template: unknown): Steps<unknown> => fillValue(template, values, batch);
  if (when && !(yield* holds(when, fill, batch.work))) return false;
  return !unless || !(yield* holds(unless, fill, batch.work));
}

function* compile(node: QueryNode, values: Values, { batch }: Scope): Steps<unknown> {
  for (const reference of node.references) {
    if (reference.word !== '$join') batch.takeBytes(yield* batch.mustFit(values.get(reference)));
  }
  const params = yield* fillParams(node.params, values, batch);
  // A source goes through all of them, at once: what that takes is counted before.
  yield* sizing(params, batch.work);
  const fault = (_path: unknown, detail: string): never => {
    throw new CodapError('INVALID', `a filled-in value does not fit: ${detail}`);
  };
  return node.source.prepare(node.op, params as Record<string, unknown>, fault, node.stream);
}

/** `accept`, `select`, and the answer's budget: instead of what was `held` of the store's answer counts what is kept of it. */
function* finish(node: Node, value: Value, values: Values, scope: Scope, held?: Memory): Steps<Value> {
  const { batch } = scope;
  if (node.found && isNull(value.json)) throw new CodapError('NOT_FOUND', 'nothing was found');
  if (!node.select) {
    held?.close();
    batch.takeBytes(Buffer.byteLength(value.json));
    return value;
  }
  const fill = (template: unknown): Steps<unknown> => fillValue(template, values, batch);
  const opened = value.read ? yield* value.read(batch.work) : value.value;
  const selected = yield* select(node.select, opened, fill, batch.work);
  held?.close();
  return yield* kept(selected, batch, value.meta, value.mode);
}

/** A value that codap makes, within the answer's budget. */
function* kept(value: unknown, batch: Batch, meta?: Meta, mode?: Mode): Steps<Value> {
  yield* batch.mustFit(value);
  const typed = yield* writeTyped(value, batch.work, meta, mode);
  batch.takeBytes(Buffer.byteLength(typed.json));
  return typed;
}

/** Whether a text of JSON, however long, is null. */
function isNull(json: string): boolean {
  return json.length < 1024 ? json.trim() === 'null' : json.trimStart().startsWith('null');
}

function* finishGroup(node: GroupNode, list: MemberList, values: Values, started: number, scope: Scope): Steps<Reply> {
  const { work } = scope.batch;
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
  let value = winner?.reply.value;
  if (!value) {
    const whole = (yield* valueOf(winner?.reply ?? reply, work)) ?? null;
    // What is reshaped is not written before.
    value = node.select ? new TypedValue(whole) : yield* kept(whole, scope.batch);
  }
  if (node.select || node.found) value = yield* finish(node, value, values, scope);
  return { ...reply, value, ...(winner && { winner: winner.path.at(-1) as number }) };
}

/** A reply that failed. */
export function failure(error: CodapError, started: number): Reply {
  return { status: 'error', error, ms: performance.now() - started };
}

/** A `default` stands in for a failure, but for work that is not needed any more. */
export function withDefault({ default: value }: Node, reply: Reply, { batch }: Scope): Reply {
  if (!value || !reply.error || reply.error.code === 'CANCELLED') return reply;
  try {
    batch.takeBytes(Buffer.byteLength(value.json));
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
