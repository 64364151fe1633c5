import type { Value } from '../../store/payload.ts';
import type { Source } from '../../sources/open.ts';
import type { ForEach } from './item-template.ts';
import type { Reference } from './reference.ts';

/** The three patterns, by the names a request uses. */
export type Pattern = 'kv' | 'ordered' | 'first-reply';

/** A planned condition: both sides are templates. */
export type Condition =
  | { readonly test: 'holds'; readonly value: unknown }
  | { readonly test: 'equals' | 'in'; readonly left: unknown; readonly right: unknown };

/** A planned `select`: a pointer into the value, a reference or constant, or an object of these. */
export type Selection =
  | { readonly kind: 'pointer'; readonly steps: readonly string[] }
  | { readonly kind: 'template'; readonly template: unknown }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Selection])[] };

/**
 * What any query or group may say, read and checked; it takes effect in this order: forEach, when and unless,
 * references, timeoutMs, accept, select, default.
 */
export interface Modifiers {
  /** Where it stands in the answer: keys, and in lists indices. */
  readonly path: readonly (string | number)[];
  /** Its key in a kv, else undefined. */
  readonly key: string | undefined;
  readonly index: number;
  readonly as: string | Reference | undefined;
  readonly required: boolean;
  readonly hidden: boolean;
  readonly forEach: ForEach | undefined;
  /** Items at a time. */
  readonly concurrency: number;
  readonly when: Condition | undefined;
  readonly unless: Condition | undefined;
  readonly timeoutMs: number | undefined;
  readonly found: boolean;
  readonly select: Selection | undefined;
  /** As it is answered: written once, however many items of a forEach fail. */
  readonly default: Value | undefined;
  /** References in `when` and `unless`, and in `select`: there, a pointer that leads nowhere is null. */
  readonly conditionReferences: readonly Reference[];
  readonly selectReferences: readonly Reference[];
  /** References in `params` and `as`. */
  readonly references: readonly Reference[];
}

/** One planned query. */
export interface QueryNode extends Modifiers {
  readonly kind: 'query';
  /** Something looks into its value, so that it cannot flow: a reference, `select`, `accept`, or a group's. */
  gathered: boolean;
  /** A nested `take: 1` around it answers one value. */
  contested: boolean;
  readonly source: Source;
  readonly op: string;
  /** Compiled if `literal`, else a template to fill in and compile before each run. */
  readonly params: unknown;
  readonly literal: boolean;
  readonly stream: boolean;
  /** How the adapter can answer other than gathered. */
  readonly streams: 'items' | 'body' | undefined;
}

/** One planned group. */
export interface GroupNode extends Modifiers {
  readonly kind: 'group';
  readonly pattern: Pattern;
  readonly members: readonly Node[];
  readonly take: number | undefined;
  readonly hedgeMs: number | undefined;
  /** Queries below it that run once per run of the group, for `limits.calls`. */
  readonly calls: number;
}

export type Node = QueryNode | GroupNode;

/** A whole request, planned. */
export interface Plan {
  readonly root: GroupNode;
  readonly timeoutMs: number | undefined;
  readonly onError: 'partial' | 'fail';
  readonly shape: 'replies' | 'values';
  readonly filename: string | undefined;
}

/** Calls that each item of a forEach over this node makes, for `limits.calls`. */
export function callsPerItem(node: Node): number {
  return node.kind === 'query' ? 1 : 1 + node.calls;
}

/** True if a group's value is known only as a whole: `select`, `default`, or a nested `take: 1`. */
export function isOpaque(node: Node): boolean {
  return node.select !== undefined || node.default !== undefined || isWon(node);
}

/** True of a nested `take: 1`, which answers what its winner does. */
export function isWon(node: Node): boolean {
  return node.kind === 'group' && node.take === 1 && node.path.length > 0;
}
