import {
  CycleTag,
  IncludeTag,
  LayoutTag,
  type Liquid,
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
}

/** What was found in a template that LiquidJS could parse. */
export interface Found {
  readonly includes: readonly Included[];
  readonly faults: readonly Fault[];
}

/** What a range may begin with: from there on, each number is one more than that before it. */
const MOST_BEGINNING = 2 ** 31;

/** What is told of a number of which a double holds fewer digits. */
const CHANGED = 'a number that a double holds is allowed here; another one is a text, in quotes';

/** Blocks within each other in one file. A page of one file can be rendered with these, whatever the tags. */
const MOST_NESTED = 240;

/** Looks for what a template includes, and for what LiquidJS would find only as it renders. */
export function checkNodes(nodes: readonly Node[], liquid: Liquid): Found {
  const includes: Included[] = [];
  const faults: Fault[] = [];
  for (const { node, depth } of within(nodes)) {
    const at = placeOf(node.token);
    if (depth === MOST_NESTED && isBlock(node))
      faults.push({ at, detail: `blocks nested at most ${MOST_NESTED} deep are allowed here` });
    if (node instanceof RenderTag || node instanceof IncludeTag || node instanceof LayoutTag) {
      const name = node.partialScope()?.name;
      if (name === undefined) faults.push({ at, detail: 'the name of a file in quotes is allowed here' });
      else includes.push({ name, at });
    }
    const used = [...(node.arguments?.() ?? [])];
    if (node instanceof CycleTag) {
      for (const token of used) {
        try {
          if (!(token instanceof Value) && TypeGuards.isFilteredValueToken(token)) void new Value(token, liquid);
        } catch (error) {
          faults.push({ at, ...faultOf(error) });
        }
      }
    }
    const tokens = tokensIn(used);
    if (tokens.some(isOpenRange))
      faults.push({ at, detail: 'a range begins with a number that is written out, such as (1..n)' });
    for (const token of tokens.filter(isChanged)) faults.push({ at: placeOf(token), detail: CHANGED });
  }
  return { includes, faults };
}

/** Whether it holds others: `liquid` does, without an end. */
function isBlock(node: Node): boolean {
  return node instanceof Tag && (node.name === 'liquid' || BLOCKS.has(node.name));
}

/** Each node, and how many blocks are around it; none below those that are nested too deep. */
function* within(nodes: readonly Node[], depth = 0): Generator<{ node: Node; depth: number }> {
  for (const node of nodes) {
    yield { node, depth };
    if (node.children && depth < MOST_NESTED) yield* within(toValueSync(node.children(false, true)), depth + 1);
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
