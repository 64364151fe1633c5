import type { Steps, Work } from '../../budget/work.ts';
import type { Limits } from '../../config/load.ts';
import { put } from '../../json/members.ts';
import { reduced } from '../../sources/call.ts';
import type { Bounds } from '../../sources/layer.ts';
import type { Source } from '../../sources/open.ts';
import { isResumable } from '../../sources/resume.ts';
import type { Caller, Query } from '../../store/fetch.ts';
import { modifiers } from '../modifiers/index.ts';
import { callsPerItem } from '../plan/calls.ts';
import type { GroupNode, Node, Plan, QueryNode } from '../plan/node.ts';
import type { Origin } from '../plan/planner.ts';
import { BEGINNING } from '../run/read-ahead.ts';
import type { Taking } from '../run/taking.ts';
import { Reference } from '../template/reference.ts';
import { countCalls } from './call-counts.ts';
import { referencesWaitedFor } from './skipping.ts';
import { written } from './written.ts';

/** What a plan is explained with. */
export interface Explaining {
  /** What the plan was made of. */
  readonly origins: ReadonlyMap<Node, Origin>;
  /** How its answers would be taken. */
  readonly taking: Taking;
  readonly caller: Caller;
  /** Milliseconds that the batch would have. */
  readonly timeoutMs: number;
  readonly limits: Pick<Limits, 'calls'>;
  readonly work: Work;
}

/** Told by what they come to. */
const COME_TO = new Set(['forEach', 'concurrency', 'timeoutMs']);
/** What is told of a query or group as it stands in the request. */
export const AS_WRITTEN: readonly string[] = [...Object.keys(modifiers).filter((name) => !COME_TO.has(name)), 'stream'];

/** What a batch would do, in the request's own shape: data to be written as relaxed Extended JSON. */
export function explaining(plan: Plan, how: Explaining): Steps<object> {
  return new Explainer(plan.root, how).explain(plan);
}

class Explainer {
  readonly #how: Explaining;
  /** What is left of `limits.calls` for lists that are referred to. */
  readonly #left: number;
  readonly #silent = new Set<QueryNode>();

  constructor(root: GroupNode, how: Explaining) {
    this.#how = how;
    this.#left = how.limits.calls - root.calls;
  }

  *explain({ root, onError }: Plan): Steps<object> {
    const { timeoutMs, limits, work } = this.#how;
    const queries = yield* this.#members(root, timeoutMs);
    const calls = yield* countCalls(root, limits.calls, (query) => !this.#silent.has(query), work);
    return {
      pattern: root.pattern,
      timeoutMs,
      ...racing(root),
      ...(onError === 'fail' && { onError }),
      calls,
      queries,
    };
  }

  *#members({ members, pattern }: GroupNode, withinMs: number): Steps<object> {
    const told: object[] = [];
    for (const member of members) told.push(yield* this.#member(member, withinMs));
    if (pattern !== 'kv') return told;
    return members.reduce<object>((keyed, { key }, at) => put(keyed, key!, told[at]), {});
  }

  *#member(node: Node, withinMs: number): Steps<object> {
    const own = node.kind === 'query' ? yield* this.#query(node, withinMs) : yield* this.#group(node, withinMs);
    const after = referencesWaitedFor(node).flatMap(({ target }) => (target?.from === 'result' ? [target.name] : []));
    return { ...own.head, after: [...new Set(after)], ...this.#said(node), ...own.tail };
  }

  /** What is written of it, its list with what bounds that. */
  #said(node: Node): object {
    const { fields } = this.#origin(node);
    const as = AS_WRITTEN.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]] as const]));
    const said = Object.fromEntries(as);
    if (node.forEach === undefined) return said;
    const isReferred = node.forEach instanceof Reference;
    const items = isReferred ? Math.floor(this.#left / callsPerItem(node)) : node.forEach.length;
    return { ...said, forEach: { over: fields['forEach'], concurrency: node.concurrency, bound: { items } } };
  }

  *#group(node: GroupNode, withinMs: number): Steps<Told> {
    const { pattern } = node;
    const timeoutMs = Math.min(node.timeoutMs ?? Infinity, withinMs);
    const own = node.timeoutMs === undefined ? {} : { timeoutMs };
    return {
      head: { pattern, ...racing(node), ...own },
      tail: { queries: yield* this.#members(node, timeoutMs) },
    };
  }

  *#query(node: QueryNode, withinMs: number): Steps<Told> {
    const { taking, caller, work } = this.#how;
    const { source, op } = node;
    const want = taking.wants(node);
    const whole: Query = { op, params: this.#origin(node).compiled, want };
    const inParts = want === 'body' && taking.fewOpen === true && isResumable(source, op, whole.params);
    const query = inParts ? source.part(whole, 0, BEGINNING - 1)! : whole;
    const { request, sent = true, bound } = source.describe(query, caller);
    if (!sent) this.#silent.add(node);
    const timeoutMs = Math.min(node.timeoutMs ?? Infinity, source.timeoutMs, withinMs);
    return {
      head: { source: source.name, adapter: source.adapter, op, timeoutMs },
      tail: {
        request: yield* written(request, work),
        ...(!sent && { sent }),
        ...(inParts && { inParts }),
        bound: yield* written(bound, work),
        layers: boundsOf(query, source, caller),
      },
    };
  }

  #origin(node: Node): Origin {
    return this.#how.origins.get(node)!;
  }
}

/** What stands before and behind what all members have. */
interface Told {
  readonly head: object;
  readonly tail: object;
}

/** The layers that do something for a query of this caller, outermost first. */
function boundsOf(query: Query, { layers, forwards }: Source, caller: Caller): Readonly<Record<string, Bounds>> {
  const seen = reduced(caller, forwards);
  return Object.fromEntries(
    layers.flatMap((layer) => {
      const bounds = layer.bounds?.(query, seen);
      return bounds ? [[layer.name, bounds]] : [];
    }),
  );
}

/** What a first-reply has of its own. */
function racing({ take, hedgeMs }: GroupNode): object {
  return { ...(take !== undefined && { take }), ...(hedgeMs !== undefined && { hedgeMs }) };
}
