import type { Source } from '../../sources/open.ts';
import type { ValueQuery } from '../../store/value-query.ts';
import type { Modifiers } from '../modifiers/read-modifiers.ts';
import type { Share } from '../template/compiled-of-late.ts';
import type { Reference } from '../template/reference.ts';
import type { Place } from './place.ts';

/** The three patterns, by the names a request uses. */
export const PATTERNS = ['kv', 'ordered', 'first-reply'] as const;

/** One of them. */
export type Pattern = (typeof PATTERNS)[number];

/** What any planned query or group has: its place in the answer, its modifiers and what it refers to. */
export interface Planned extends Omit<Place, 'at'>, Modifiers {
  /** Where one of these leads nowhere, it is null. */
  readonly referencesToStart: readonly Reference[];
  /** Those in `params` and `as`: where one leads nowhere, it is skipped. */
  readonly referencesToRun: readonly Reference[];
  /** Where one of these leads nowhere, it is null. */
  readonly referencesToReshape: readonly Reference[];
  /**
   * Something looks into its value, so that it cannot flow: a reference, or a modifier of its or a group's.
   */
  gathered: boolean;
  /** A query asks to be answered item by item: it, or one in it. */
  readonly stream: boolean;
}

/** One planned query. */
export interface QueryNode extends Planned {
  readonly kind: 'query';
  /**
   * Its list is told as one value: it may win a nested `take: 1`, or is part of what a `take` counts as a
   * whole.
   */
  toldWhole: boolean;
  readonly source: Source;
  readonly op: string;
  /** Compiled if `literal`, else a template to fill in and compile before each run. */
  readonly params: unknown;
  /** What is asked, of a query whose params are known: the same one each time that the plan is run. */
  readonly literal: ValueQuery | undefined;
  /** Of a template that is filled in again and again: what it was compiled to. */
  readonly ofLate: Share | undefined;
  /** How the adapter can answer other than gathered. */
  readonly streams: 'items' | 'body' | undefined;
}

/** One planned group. */
export interface GroupNode extends Planned {
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
  /** How many queries and groups are written out in it. */
  readonly queries: number;
  readonly timeoutMs: number | undefined;
  readonly onError: 'partial' | 'fail';
  readonly shape: 'replies' | 'values';
  readonly filename: string | undefined;
  /** The answer tells of each reply when it came to be, and how. */
  readonly trace: boolean;
  /** A `$caller` stands in it, so that its answer is of no use to anybody else. */
  readonly namesCaller: boolean;
}

/** The references that a query or group waits for itself, besides the one to the list of its forEach. */
export function ownReferences(node: Planned): readonly Reference[] {
  return [...node.referencesToStart, ...node.referencesToRun, ...node.referencesToReshape];
}

/** True where nothing has to be known but what it says itself. */
export function refersToNothing({ referencesToStart, referencesToRun, referencesToReshape }: Planned): boolean {
  return referencesToStart.length === 0 && referencesToRun.length === 0 && referencesToReshape.length === 0;
}

/** True if a group's value is known only as a whole: `select`, `default`, or a nested `take: 1`. */
export function isOpaque(node: Node): boolean {
  return node.isMadeOne || node.isRescued || isWon(node);
}

/** True of what a `take` counts, and tells, only once all within it is there. */
export function countsWhole(node: Node): boolean {
  return node.forEach !== undefined || (node.kind === 'group' && !isWon(node));
}

/** True of a nested `take: 1`, which answers what its winner does. */
export function isWon(node: Node): boolean {
  return node.kind === 'group' && node.take === 1 && node.depth > 0;
}
