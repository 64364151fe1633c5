import { encodeSegment, segmentsOf } from '../json/pointer.ts';
import type { PlanNode, Told } from '../waterfall/model.ts';
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
  const grown = { items, untold: untoldIn(replies) };
  for (const branch of branchesOf(replies, items)) {
    const node = plan && memberOf(plan, branch.name);
    // Under kv a reference reads it by its key.
    const as = node && Array.isArray(plan.queries) ? node.as : branch.frame?.as;
    const place = `/${encodeSegment(typeof as === 'string' ? as : branch.name)}`;
    addReply(lines, { branch, node, place, depth: 0 }, opened, grown);
  }
  return lines;
}

/** A reply that is to be shown: its plan, if that is known, and where a reference leads to it. */
interface Shown {
  readonly branch: Branch;
  readonly node: PlanNode | undefined;
  /** Nothing where no reference does. */
  readonly place: string | undefined;
  readonly depth: number;
}

/** What lines are made from, beside the replies. */
interface Beside {
  readonly items: ReadonlyMap<string, number>;
  /** What is told of no reply but of the group around it, by its path. */
  readonly untold: ReadonlyMap<string, Arrival>;
}

function membersIn({ branch, node, place, depth }: Shown, { untold }: Beside): Shown[] {
  const { frame } = branch;
  // What answers one value, or has failed where it would, has no members that could be read.
  const isOne = frame?.value !== undefined || (frame?.status === 'error' && isWhole(node));
  const isByArrival = node?.pattern === 'first-reply' && !node.forEach;
  // A race that was over before it was told of is told of by index.
  const listed = isByArrival ? branch.members.toSorted((one, other) => endedOf(one) - endedOf(other)) : branch.members;
  const steps = isByArrival ? arrivalsIn(branch, node, untold) : undefined;
  return listed.map((member) => {
    const step = isByArrival ? steps?.get(member.path) : stepOf(member, node);
    const isThere = place !== undefined && !isOne && step !== undefined;
    return {
      branch: member,
      node: node && memberOf(node, member.name),
      place: isThere ? `${place}/${encodeSegment(step)}` : undefined,
      depth: depth + 1,
    };
  });
}

/** Of a list whose plan is not known nobody knows what its positions are. */
function stepOf({ name }: Branch, node: PlanNode | undefined): string | undefined {
  return node || !/^\d+$/.test(name) ? name : undefined;
}

/**
 * The positions by which references into a race count, by path: those of the order of arrival, in which the
 * hidden ones have theirs, too, and under a `take` successes alone. Nothing while they are not known.
 */
function arrivalsIn(
  { frame, path, members }: Branch,
  node: PlanNode,
  untold: Beside['untold'],
): ReadonlyMap<string, number> | undefined {
  const names = Object.entries(node.queries ?? {});
  const isHiding = names.some(([, { hidden }]) => hidden === true);
  if (isHiding && !frame) return undefined;
  const told = new Map<string, Arrival>(members.map((member) => [member.path, arrivalOf(member)]));
  for (const [name] of names) {
    const own = `${path}/${name}`;
    const arrival = untold.get(own);
    if (arrival && !told.has(own)) told.set(own, arrival);
  }
  const arrived = [...told]
    .filter(([, { status }]) => node.take === undefined || status === 'ok')
    .toSorted(([, one], [, other]) => (one.ended ?? Infinity) - (other.ended ?? Infinity))
    .map(([own], at) => [own, at] as const);
  return new Map(arrived);
}

/** When a reply came to be, and what it is. */
type Arrival = Pick<Told, 'status' | 'ended'>;

const arrivalOf = ({ frame }: Branch): Arrival => ({ status: frame?.status ?? '', ended: frame?.trace?.ended });
const endedOf = (branch: Branch): number => arrivalOf(branch).ended ?? Infinity;

function untoldIn(replies: readonly Frame[]): Beside['untold'] {
  const members = replies.flatMap(({ trace }) => (trace?.members ?? []) as readonly Told[]);
  return new Map(members.map((member) => [member.path, member]));
}

/** What fails as a whole. */
function isWhole(node: PlanNode | undefined): boolean {
  return node !== undefined && (['take', 'select', 'default'] as const).some((field) => node[field] !== undefined);
}

/** Whether a reference to a reply has something to read. */
function isReadable(frame: Frame | undefined, node: PlanNode | undefined): boolean {
  return node?.stream !== true && frame?.status !== 'error' && frame?.status !== 'skipped';
}

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

function addReply(lines: Line[], shown: Shown, opened: Opened, beside: Beside): void {
  const { branch, node, place, depth } = shown;
  const { frame, path, members } = branch;
  const id = `reply ${path}`;
  const flowing = beside.items.get(path) ?? 0;
  const pointer = isReadable(frame, node) ? place : undefined;
  // A list of many replies is folded at first.
  const isOpen = (depth === 0 ? members.length <= 50 : false) !== opened.turned.has(id);
  const value = frame?.value;
  const isPlain = value && value.kind !== 'object' && value.kind !== 'list';
  const name = frame?.as !== undefined && depth === 0 ? `${branch.name} · ${frame.as}` : branch.name;
  lines.push({ id, depth, name, kind: 'reply', frame, value, pointer, isOpen });
  if (!isOpen) return;
  if (frame?.error) lines.push(note(id, depth + 1, 'error', `${frame.error.code}: ${frame.error.message}`));
  for (const member of membersIn(shown, beside)) addReply(lines, member, opened, beside);
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
  readonly pointer: string | undefined;
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
    const own = pointer === undefined ? undefined : `${pointer}/${encodeSegment(key)}`;
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
