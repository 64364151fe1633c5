import {
  CycleTag,
  ForTag,
  IncludeTag,
  LayoutTag,
  type Liquid,
  type PartialScope,
  type PropertyAccessToken,
  RenderTag,
  Tag,
  type Template as Node,
  type Token,
  toValueSync,
  TypeGuards,
  Value,
} from 'liquidjs';
import { Digits } from '../../json/leaf.ts';
import { parseExact } from '../../json/parse.ts';
import { BLOCKS } from './engine.ts';
import { type Fault, faultOf, type Place, placeOf } from './placed.ts';

/** A file that a template names, and where it does. */
export interface Included {
  readonly name: string;
  readonly at: Place;
  /** Whether it is taken in whenever the file is rendered. */
  readonly isCertain: boolean;
  /** The names that it is given. */
  readonly gives: readonly string[];
  /** Whether it sees no others. */
  readonly isIsolated: boolean;
}

/** What was found in a template that LiquidJS could parse. */
export interface Found {
  readonly includes: readonly Included[];
  readonly faults: readonly Fault[];
  /** Whether it may end before its end: by a `break` or `continue` outside of any `for`. */
  readonly mayStop: boolean;
  /** What it names, with the members of that. */
  readonly named: readonly PropertyAccessToken[];
  /** The names that its own tags give to something. */
  readonly gives: readonly string[];
}

/** What a range may begin with: from there on, each number is one more than that before it. */
const MOST_BEGINNING = 2 ** 31;

/** What is told of a number of which a double holds fewer digits. */
const CHANGED = 'a number that a double holds is allowed here; another one is a text, in quotes';

/** Blocks within each other in one file. A page of one file can be rendered with these, whatever the tags. */
const MOST_NESTED = 240;

/** Blocks whose contents may be left out. A layout leaves out the block of a file that it has none for. */
const CONDITIONS: ReadonlySet<string> = new Set('block case for if tablerow unless'.split(' '));

/** What ends the loop around it; where there is none, the page. */
const STOPS: ReadonlySet<string> = new Set(['break', 'continue']);

/** Looks for what a template includes, and for what LiquidJS would find only as it renders. */
export function checkNodes(nodes: readonly Node[], liquid: Liquid): Found {
  const includes: Included[] = [];
  const faults: Fault[] = [];
  const named: PropertyAccessToken[] = [];
  const gives = new Set<string>();
  let mayStop = false;
  for (const { node, around } of within(nodes)) {
    // It is counted from the beginning of the file on, so that it takes long for each node of a long one.
    const at = (): Place => placeOf(node.token);
    if (around.length === MOST_NESTED && isBlock(node))
      faults.push({ at: at(), detail: `blocks nested at most ${MOST_NESTED} deep are allowed here` });
    if (node instanceof RenderTag || node instanceof IncludeTag || node instanceof LayoutTag) {
      const partial = node.partialScope();
      if (!partial) faults.push({ at: at(), detail: 'the name of a file in quotes is allowed here' });
      else includes.push(includedBy(node, partial, around));
    }
    mayStop ||= node instanceof Tag && STOPS.has(node.name) && !isInLoop(node, around);
    for (const name of givenBy(node)) gives.add(name);
    const used = [...(node.arguments?.() ?? [])];
    if (node instanceof CycleTag) {
      for (const token of used) {
        try {
          if (!(token instanceof Value) && TypeGuards.isFilteredValueToken(token)) void new Value(token, liquid);
        } catch (error) {
          faults.push({ at: at(), ...faultOf(error) });
        }
      }
    }
    const tokens = tokensIn(used);
    // `offset: continue` names nothing: it goes on where the last loop stopped.
    for (const token of tokens)
      if (TypeGuards.isPropertyAccessToken(token) && token.getText() !== 'continue') named.push(token);
    if (tokens.some(isOpenRange))
      faults.push({ at: at(), detail: 'a range begins with a number that is written out, such as (1..n)' });
    for (const token of tokens.filter(isChanged)) faults.push({ at: placeOf(token), detail: CHANGED });
  }
  return { includes, faults, mayStop, named, gives: [...gives] };
}

function includedBy(node: Node, { name, scope, isolated }: PartialScope, around: readonly Node[]): Included {
  // For each member of a list, which may have none.
  const isRepeated = node instanceof RenderTag && node['forBinding'] !== undefined;
  const gives = Array.from(scope, (one) => (typeof one === 'string' ? one : one[0]));
  return {
    name,
    at: placeOf(node.token),
    isCertain: !isRepeated && !around.some(isCondition),
    gives: isRepeated ? [...gives, 'forloop'] : gives,
    isIsolated: isolated,
  };
}

/** The names that a tag gives to something, within it or from there on. */
function givenBy(node: Node): string[] {
  return [...Array.from(node.localScope?.() ?? [], ({ content }) => content), ...(node.blockScope?.() ?? [])];
}

/** Whether it holds others: `liquid` does, without an end. */
function isBlock(node: Node): boolean {
  return node instanceof Tag && (node.name === 'liquid' || BLOCKS.has(node.name));
}

function isCondition(node: Node): boolean {
  return node instanceof Tag && CONDITIONS.has(node.name);
}

/** Whether there is a loop that it ends: what stands behind the `else` of one is not in it. */
function isInLoop(node: Node, around: readonly Node[]): boolean {
  return around.some((one, at) => one instanceof ForTag && one.templates.includes(around[at + 1] ?? node));
}

/** Each node, and the blocks around it, the outermost first; none below those that are nested too deep. */
function* within(
  nodes: readonly Node[],
  around: readonly Node[] = [],
): Generator<{ node: Node; around: readonly Node[] }> {
  for (const node of nodes) {
    yield { node, around };
    if (node.children && around.length < MOST_NESTED)
      yield* within(toValueSync(node.children(false, true)), [...around, node]);
  }
}

/** The tokens of values, those within them included. */
function tokensIn(values: readonly unknown[]): Token[] {
  const all = [...values];
  // It grows as it is gone through.
  for (const value of all) {
    const token = value as Token | Value | undefined;
    if (Array.isArray(value)) for (const one of value) all.push(one);
    else if (token instanceof Value) all.push(token.initial.postfix, argumentsOf(token.filters));
    else if (TypeGuards.isFilteredValueToken(token)) all.push(token.initial.postfix, argumentsOf(token.filters));
    else if (TypeGuards.isRangeToken(token)) all.push(token.lhs, token.rhs);
    else if (TypeGuards.isPropertyAccessToken(token)) all.push(token.variable, token.props);
  }
  return all as Token[];
}

function argumentsOf(filters: readonly { readonly args: unknown }[]): unknown[] {
  return filters.map(({ args }) => args);
}

/** A number beyond 2^53 plus one is that number: a range that begins there would never end. */
function isOpenRange(token: Token | undefined): boolean {
  if (!TypeGuards.isRangeToken(token)) return false;
  const { lhs } = token;
  return !TypeGuards.isNumberToken(lhs) || Math.abs(lhs.content) > MOST_BEGINNING;
}

/** Whether LiquidJS takes a number for another one, where what is read of a store's JSON keeps its digits. */
function isChanged(token: Token | undefined): boolean {
  if (!TypeGuards.isNumberToken(token)) return false;
  const [, sign, digits] = /^\+?(-?)0*(\d.*?)\.?$/.exec(token.getText())!;
  return parseExact(`${sign}${digits}`) instanceof Digits;
}
