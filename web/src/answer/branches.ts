import { encodeSegment, segmentsOf } from '../json/pointer.ts';
import type { PlanNode } from '../waterfall/model.ts';
import type { Frame, MemberNode, ValueNode } from './node.ts';

/** A line of the answer's tree. */
export interface Line {
  readonly id: string;
  readonly depth: number;
  readonly name: string;
  readonly kind: 'reply' | 'value' | 'note' | 'more';
  /** The reference that reads this value, where there is one. */
  readonly pointer?: string | undefined;
  /** The reply that it is, or that it stands in. */
  readonly frame?: Frame | undefined;
  readonly value?: ValueNode | undefined;
  /** Text of a note. */
  readonly text?: string;
  readonly isOpen?: boolean | undefined;
  /** What to load when a `more` is opened. */
  readonly load?: { readonly id: string; readonly skip: number };
}

/** What is open, and what was loaded for it. */
export interface Opened {
  /** The lines that a person has turned over: open ones closed, closed ones opened. */
  readonly turned: ReadonlySet<string>;
  readonly loaded: ReadonlyMap<string, readonly MemberNode[]>;
}

/** A reply with what stands in it, in the order of the answer. */
interface Branch {
  frame?: Frame;
  readonly path: string;
  readonly name: string;
  readonly members: Branch[];
}

/** What the tree is made from. */
export interface Grown {
  readonly replies: readonly Frame[];
  /** How many items of each list that flows have come. */
  readonly items: ReadonlyMap<string, number>;
  readonly plan?: PlanNode | undefined;
}

/** The lines of the tree that can be seen, from top to bottom. */
export function linesOf({ replies, items, plan }: Grown, opened: Opened): Line[] {
  const lines: Line[] = [];
  for (const branch of branchesOf(replies, items)) {
    const node = plan && memberOf(plan, branch.name);
    const as = node ? node.as : branch.frame?.as;
    const pointer = `/${encodeSegment(typeof as === 'string' ? as : branch.name)}`;
    addReply(lines, { branch, node, pointer, depth: 0 }, opened, items);
  }
  return lines;
}

/** A reply that is to be shown: its plan, if that is known, and the reference that reads it. */
interface Shown {
  readonly branch: Branch;
  readonly node: PlanNode | undefined;
  readonly pointer: string;
  readonly depth: number;
}

/** Inside a value a list is read by position: under first-reply in order of arrival. */
function membersIn({ branch: { members }, node, pointer, depth }: Shown): Shown[] {
  const isByArrival = node?.pattern === 'first-reply' && !node.forEach;
  // A race that was over before it was told of is told of by index.
  const listed = isByArrival ? members.toSorted((one, other) => endedOf(one) - endedOf(other)) : members;
  return listed.map((branch, at) => ({
    branch,
    node: node && memberOf(node, branch.name),
    pointer: `${pointer}/${encodeSegment(isByArrival ? at : branch.name)}`,
    depth: depth + 1,
  }));
}

const endedOf = ({ frame }: Branch): number => frame?.trace?.ended ?? Infinity;

/** What runs at a member of a group, or for an item of a `forEach`. */
function memberOf({ forEach, ...node }: PlanNode, name: string): PlanNode | undefined {
  if (forEach) return node;
  return Array.isArray(node.queries)
    ? (node.queries as readonly PlanNode[])[Number(name)]
    : (node.queries as Readonly<Record<string, PlanNode>> | undefined)?.[name];
}

function branchesOf(replies: readonly Frame[], items: ReadonlyMap<string, number>): Branch[] {
  const root: Branch = { path: '', name: '', members: [] };
  const known = new Map<string, Branch>([['', root]]);
  const at = (path: string): Branch => {
    const found = known.get(path);
    if (found) return found;
    const parent = at(path.slice(0, path.lastIndexOf('/')));
    const branch: Branch = { path, name: segmentsOf(path).at(-1) ?? '', members: [] };
    known.set(path, branch);
    parent.members.push(branch);
    return branch;
  };
  for (const frame of replies) at(frame.path).frame = frame;
  for (const path of items.keys()) at(path);
  return root.members;
}

function addReply(lines: Line[], shown: Shown, opened: Opened, items: ReadonlyMap<string, number>): void {
  const { branch, pointer, depth } = shown;
  const { frame, path, members } = branch;
  const id = `reply ${path}`;
  const flowing = items.get(path) ?? 0;
  // A list of many replies is folded at first.
  const isOpen = (depth === 0 ? members.length <= 50 : false) !== opened.turned.has(id);
  const value = frame?.value;
  const isPlain = value && value.kind !== 'object' && value.kind !== 'list';
  const name = frame?.as !== undefined && depth === 0 ? `${branch.name} · ${frame.as}` : branch.name;
  lines.push({ id, depth, name, kind: 'reply', frame, value, pointer, isOpen });
  if (!isOpen) return;
  if (frame?.error) lines.push(note(id, depth + 1, 'error', `${frame.error.code}: ${frame.error.message}`));
  for (const member of membersIn(shown)) addReply(lines, member, opened, items);
  if (flowing > 0) addLoaded(lines, `items ${path}`, { pointer, frame }, depth + 1, flowing, opened);
  if (value && !isPlain) addMembers(lines, value, { pointer, frame }, depth + 1, opened);
  if (frame?.meta) lines.push(note(id, depth + 1, 'meta', JSON.stringify(frame.meta)));
}

function note(id: string, depth: number, name: string, text: string): Line {
  return { id: `${id} ${name}`, depth, name, kind: 'note', text };
}

/** What loads the members of a value. */
export const idOf = ({ line, from }: ValueNode): string => `value ${line} ${from}`;

/** Where a value stands. */
interface Within {
  readonly pointer: string;
  readonly frame: Frame | undefined;
}

function addMembers(lines: Line[], value: ValueNode, within: Within, depth: number, opened: Opened): void {
  addLoaded(lines, idOf(value), within, depth, value.members, opened);
}

function addLoaded(
  lines: Line[],
  id: string,
  { pointer, frame }: Within,
  depth: number,
  count: number | undefined,
  opened: Opened,
): void {
  const loaded = opened.loaded.get(id) ?? [];
  for (const { key, value } of loaded) {
    const own = `${pointer}/${encodeSegment(key)}`;
    const isLeaf = value.kind !== 'object' && value.kind !== 'list';
    const isOpen = isLeaf || value.members === 0 ? undefined : opened.turned.has(idOf(value));
    lines.push({ id: idOf(value), depth, name: String(key), kind: 'value', frame, value, pointer: own, isOpen });
    if (isOpen) addMembers(lines, value, { pointer: own, frame }, depth + 1, opened);
  }
  if (count === undefined ? loaded.length % PAGE === 0 : loaded.length < count) {
    const left = count === undefined ? 'more' : `${(count - loaded.length).toLocaleString('en')} more`;
    const name = loaded.length === 0 ? 'loading' : left;
    lines.push({ id: `${id} more`, depth, name, kind: 'more', load: { id, skip: loaded.length } });
  }
}

/** How many members are loaded at a time. */
export const PAGE = 100;
