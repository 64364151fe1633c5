import { encodeSegment } from '../json/pointer.ts';
import type { PlanNode, Row, RowStatus, Told } from './model.ts';
import { Places } from './places.ts';

/** Members beyond this many are folded away at first. */
const FOLDED_BEYOND = 50;

/** What the rows are made from. */
export interface Picture {
  readonly plan: PlanNode | undefined;
  readonly told: ReadonlyMap<string, Told>;
  readonly state: 'planned' | 'running' | 'ended' | 'cut';
  /** The paths whose folding a person has turned over. */
  readonly turned: ReadonlySet<string>;
}

/** The names that a query may wait for, each with its path, the nearest group first. */
type Scope = readonly ReadonlyMap<string, string>[];

/** The rows of a plan and of what has become of it, from top to bottom. */
export function rowsOf(picture: Picture): Row[] {
  return new Rows(picture).all();
}

class Rows {
  readonly #picture: Picture;
  readonly #rows: Row[] = [];
  readonly #members: ReadonlyMap<string, readonly string[]>;
  readonly #places = new Places();
  readonly #hidden = new Set<string>();

  constructor(picture: Picture) {
    this.#picture = picture;
    this.#members = membersOf(picture.told.keys());
  }

  all(): Row[] {
    const { plan } = this.#picture;
    this.#place(plan ?? {}, '', []);
    this.#inside(plan ?? {}, '', 0, []);
    return this.#rows.map((row) => (this.#hidden.has(row.path) ? this.#untold(row) : row));
  }

  /** What is hidden is told of at the end: until then it is over once what waited for it has begun. */
  #untold(row: Row): Row {
    const until = row.status === 'running' ? this.#until(row.path) : undefined;
    return until === undefined ? row : { ...row, until, status: 'hidden' };
  }

  #until(path: string): number | undefined {
    const waiting = this.#rows.filter(({ dependsOn }) => dependsOn.includes(path));
    const begun = waiting.flatMap(({ told }) => told?.queued ?? []);
    return begun.length > 0 ? Math.min(...begun) : undefined;
  }

  /** What stands in a group, or, of a plan that is not there, what was told of it. */
  #inside(node: PlanNode, path: string, depth: number, scope: Scope): void {
    const planned = plannedIn(node, path);
    const names = new Map(planned.map((one) => [one.name, one.path]));
    const inner = [names, ...scope];
    for (const one of planned) this.#one(one.node, one.path, one.name, depth, inner);
    if (node.queries) return;
    for (const segment of this.#members.get(path) ?? []) this.#one({}, `${path}/${segment}`, segment, depth, inner);
  }

  /** Finds places for all that stands in a group, however deep. */
  #place(group: PlanNode, parent: string, scope: Scope): void {
    const planned = plannedIn(group, parent);
    const inner = [new Map(planned.map(({ name, path }) => [name, path])), ...scope];
    for (const { node, path } of planned) {
      this.#places.add(path, parent, resolve(node.after ?? [], inner));
      this.#place(node, path, inner);
    }
  }

  #one(node: PlanNode, path: string, label: string, depth: number, scope: Scope): void {
    const { told, turned } = this.#picture;
    const members = this.#members.get(path) ?? [];
    const inside = node.forEach || !node.queries ? members.length : plannedIn(node, path).length;
    const hasMembers = inside > 0 || node.queries !== undefined;
    const isOpen = hasMembers ? inside <= FOLDED_BEYOND !== turned.has(path) : undefined;
    const own = told.get(path);
    const dependsOn = resolve(own?.after ?? node.after ?? [], scope);
    const waited = dependsOn.map((name) => told.get(name)?.ended);
    const place = this.#places.of(path);
    if (node.hidden && !own) this.#hidden.add(path);
    this.#rows.push({
      path,
      label,
      detail: detailOf(node),
      depth,
      kind: node.forEach ? 'forEach' : hasMembers ? 'group' : 'query',
      status: this.#status(node, path, own, waited),
      told: own,
      timeoutMs: node.timeoutMs,
      dependsOn,
      isWinner: this.#isWinner(path),
      isOpen,
      members: inside,
      place,
      since: own?.queued ?? (waited.includes(undefined) ? undefined : Math.max(0, ...(waited as number[]))),
      until: undefined,
    });
    if (!isOpen) return;
    if (!node.forEach) return this.#inside(node, path, depth + 1, scope);
    const { forEach: _forEach, after: _after, ...item } = node;
    if (members.length === 0 && item.queries) this.#inside(item, path, depth + 1, scope);
    for (const segment of members) this.#one(item, `${path}/${segment}`, segment, depth + 1, scope);
  }

  #status(node: PlanNode, path: string, told: Told | undefined, waited: readonly unknown[]): RowStatus {
    const { state } = this.#picture;
    if (told) return told.code === 'CANCELLED' ? 'cancelled' : (told.status as RowStatus);
    if (state === 'planned') return 'planned';
    if (state !== 'running') return 'untold';
    if (waited.includes(undefined)) return 'waiting';
    const parent = path.slice(0, path.lastIndexOf('/'));
    return parent === '' || this.#picture.told.get(parent) === undefined ? 'running' : 'untold';
  }

  #isWinner(path: string): boolean {
    const at = path.lastIndexOf('/');
    const winner = this.#picture.told.get(path.slice(0, at))?.winner;
    return winner !== undefined && path.slice(at + 1) === String(winner);
  }
}

function plannedIn({ queries }: PlanNode, path: string): { name: string; path: string; node: PlanNode }[] {
  if (queries === undefined) return [];
  const entries: [string, PlanNode, string][] = Array.isArray(queries)
    ? (queries as PlanNode[]).map((node, index) => [String(index), node, typeof node.as === 'string' ? node.as : ''])
    : Object.entries(queries as Record<string, PlanNode>).map(([name, node]) => [name, node, name]);
  return entries.map(([segment, node, name]) => ({
    name: name || segment,
    path: `${path}/${encodeSegment(segment)}`,
    node,
  }));
}

function resolve(names: readonly string[], scope: Scope): string[] {
  return names.flatMap((name) => scope.find((names) => names.has(name))?.get(name) ?? []);
}

function detailOf({ source, op, pattern, forEach, take, hidden }: PlanNode): string {
  const what = source === undefined ? (pattern ?? '') : `${source} ${op ?? ''}`;
  const taken = take === undefined ? '' : `, take ${take}`;
  return `${what}${taken}${forEach ? ', for each' : ''}${hidden ? ', hidden' : ''}`;
}

/** The segments that stand directly below each path, indexes in their order. */
function membersOf(paths: Iterable<string>): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const path of paths) {
    for (let at = path.lastIndexOf('/'), end = path.length; at >= 0; end = at, at = path.lastIndexOf('/', at - 1)) {
      const parent = path.slice(0, at);
      const known = found.get(parent) ?? new Set();
      found.set(parent, known.add(path.slice(at + 1, end)));
      if (at === 0) break;
    }
  }
  return new Map(
    Array.from(found, ([path, names]) => [path, [...names].toSorted((a, b) => Number(a) - Number(b) || 0)]),
  );
}
