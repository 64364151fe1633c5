import { listReferences } from '../modifiers/for-each-list.ts';
import { BROKEN, type Reference, type Report } from '../template/reference.ts';
import type { Steps } from '../../budget/work.ts';
import { choice } from '../../store/choice.ts';
import { memberAt, membersByName, namesFor } from './named-members.ts';
import { countsWhole, type GroupNode, isWon, type Node, ownReferences, refersToNothing } from './node.ts';
import type { Planner } from './planner.ts';

/** The groups around a node, innermost last, and whether a forEach is among what surrounds it. */
interface Surroundings {
  readonly groups: readonly GroupNode[];
  readonly inForEach: boolean;
}

/** Where references are looked up, and who hears of what is wrong with them. */
type Linking = Pick<Planner, 'params' | 'report' | 'namesCaller' | 'work'>;

/**
 * Finds what each reference names, in turns with others; reports names that are unknown, doubled, or would
 * wait for themselves.
 */
export function* linkReferences(root: GroupNode, planner: Linking): Steps<void> {
  const waits = new Waits();
  yield* linkMembers(root, { groups: [root], inForEach: false }, waits, planner);
  waits.reportCycles(root, planner.report);
  const around: Around = { takes: root.take !== undefined };
  for (const member of root.members) mark(member, around);
}

function* linkMembers(group: GroupNode, around: Surroundings, waits: Waits, planner: Linking): Steps<void> {
  for (const node of group.members) {
    const inside = node.forEach === undefined ? around : { ...around, inForEach: true };
    // What the list of a forEach is made of knows no item of it.
    if (node.forEach !== undefined) yield* linkAll(listReferences(node.forEach), node, around, waits, planner);
    if (!refersToNothing(node)) yield* linkAll(ownReferences(node), node, inside, waits, planner);
    if (node.kind === 'group')
      yield* linkMembers(node, { ...inside, groups: [...around.groups, node] }, waits, planner);
  }
}

function* linkAll(
  references: readonly Reference[],
  node: Node,
  from: Surroundings,
  waits: Waits,
  planner: Linking,
): Steps<void> {
  for (const reference of references) {
    if (planner.work.tick()) yield;
    if (reference !== BROKEN) linkOne(reference, node, from, waits, planner);
  }
}

/** What is around a query or group, as far as that says how its answer is taken. */
interface Around {
  /** It has a `take`. */
  readonly takes: boolean;
  readonly gathered?: boolean;
  readonly mayWin?: boolean;
  readonly toldWhole?: boolean;
}

/** Marks the queries whose value somebody looks into, and those whose list is told as one value. */
function mark(node: Node, around: Around): void {
  const mayWin = around.mayWin === true;
  const gathered =
    around.gathered ||
    node.hidden ||
    node.isReshaped ||
    (node.kind === 'group' && node.isRescued) ||
    // Whoever wins a nested `take: 1` is one value: only a single body can flow.
    (mayWin && countsWhole(node));
  const toldWhole = around.toldWhole || mayWin || (around.takes && countsWhole(node));
  if (node.kind === 'query') {
    node.gathered ||= gathered;
    node.toldWhole ||= toldWhole;
  } else {
    const inside: Around = { takes: node.take !== undefined, gathered, mayWin: mayWin || isWon(node), toldWhole };
    for (const member of node.members) mark(member, inside);
  }
}

/** Something refers to this node, so all of it has to be gathered; of a group that is said once. */
function gather(node: Node): void {
  if (node.gathered) return;
  node.gathered = true;
  if (node.kind === 'group') for (const member of node.members) gather(member);
}

function linkOne(reference: Reference, node: Node, around: Surroundings, waits: Waits, planner: Linking): void {
  const { report } = planner;
  if (reference.word === '$item') {
    if (around.inForEach) reference.target = { from: 'item', steps: reference.steps };
    else tell(report, reference, '$item stands only below a forEach');
    return;
  }
  if (reference.word === '$param') return linkParam(reference, planner);
  if (reference.word === '$caller') return linkCaller(reference, planner);
  const [name = '', ...steps] = reference.steps;
  for (let up = 0; up < around.groups.length; up += 1) {
    const group = around.groups[around.groups.length - 1 - up] as GroupNode;
    const named = membersByName(group).get(name);
    if (named === undefined) continue;
    if (named === 'doubled') return tell(report, reference, 'two queries bear this name');
    if (named === node || (named.kind === 'group' && around.groups.includes(named)))
      return tell(report, reference, 'a query cannot wait for itself or for a group around it');
    const on = part(named, steps);
    if (on.stream) return tell(report, reference, 'a query with "stream" has no value to refer to');
    reference.target = { from: 'result', name, up, member: named.index, steps };
    gather(on);
    waits.edge(node, on, reference);
    return;
  }
  const names = namesFor(node, around.groups);
  tell(report, reference, `no query of this group, or of a group around it, bears this name; ${choice(names)}`);
}

function linkParam(reference: Reference, { params, report }: Linking): void {
  const { steps } = reference;
  if (params?.has(steps[0]!)) reference.target = { from: 'params', steps };
  else if (params) tellWord(report, reference, `no such parameter; ${choice([...params.keys()])}`);
  else tellWord(report, reference, 'parameters exist in saved batches only');
}

function linkCaller(reference: Reference, planner: Linking): void {
  if (!planner.params) return tellWord(planner.report, reference, 'who asks is known in saved batches only');
  reference.target = { from: 'caller', steps: reference.steps };
  planner.namesCaller = true;
}

/** The word itself is wrong, whatever it names. */
function tellWord(report: Report, { places, word }: Reference, detail: string): void {
  for (const at of places) report(at.below(word), detail);
}

function tell(report: Report, { places }: Reference, detail: string): void {
  for (const at of places) report(at, detail);
}

/** As far as the request itself tells, the member of a group that a pointer leads to; else the whole. */
function part(node: Node, steps: readonly string[]): Node {
  if (node.kind !== 'group' || node.pattern === 'first-reply') return node;
  if (node.forEach || node.isMadeOne || node.isRescued) return node;
  const [step, ...rest] = steps;
  if (step === undefined) return node;
  const member = memberAt(node, step);
  return member ? part(member, rest) : node;
}

/** Who waits for whom. A node has a start and an end; a group's members start after it and end before it. */
class Waits {
  readonly #starts = new Map<Node, { on: Node; reference: Reference }[]>();

  edge(from: Node, on: Node, reference: Reference): void {
    const edges = this.#starts.get(from);
    if (edges) edges.push({ on, reference });
    else this.#starts.set(from, [{ on, reference }]);
  }

  reportCycles(root: GroupNode, report: Report): void {
    if (this.#starts.size === 0) return;
    const parents = new Map(parentsIn(root));
    const state = new Map<string, 'open' | 'done'>();
    const ids = new Map<Node, number>();
    const idOf = (node: Node): number => {
      const id = ids.get(node) ?? ids.size;
      ids.set(node, id);
      return id;
    };
    // A node is two vertices. Its start waits for the start of the group around it and for what it names. Its
    // end waits for its start and for the ends of its members.
    const visit = (node: Node, side: 'start' | 'end', via: Reference | undefined): void => {
      const vertex = `${side}${idOf(node)}`;
      const seen = state.get(vertex);
      if (seen === 'open' && via) tell(report, via, 'a cycle: this waits, in the end, for itself');
      if (seen) return;
      state.set(vertex, 'open');
      if (side === 'end') {
        visit(node, 'start', via);
        if (node.kind === 'group') for (const member of node.members) visit(member, 'end', via);
      } else {
        const parent = parents.get(node);
        if (parent) visit(parent, 'start', via);
        for (const { on, reference } of this.#starts.get(node) ?? []) visit(on, 'end', reference);
      }
      state.set(vertex, 'done');
    };
    for (const node of this.#starts.keys()) visit(node, 'end', undefined);
  }
}

function* parentsIn(group: GroupNode): Generator<[Node, GroupNode]> {
  for (const member of group.members) {
    yield [member, group];
    if (member.kind === 'group') yield* parentsIn(member);
  }
}
