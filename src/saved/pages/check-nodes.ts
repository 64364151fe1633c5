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
    if (used.some((value) => hasOpenRange(value)))
      faults.push({ at, detail: 'a range begins with a number that is written out, such as (1..n)' });
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

/** A number beyond 2^53 plus one is that number: a range that begins there would never end. */
function hasOpenRange(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasOpenRange);
  if (value instanceof Value)
    return value.initial.postfix.some(hasOpenRange) || value.filters.some(({ args }) => hasOpenRange(args));
  const token = value as Token | undefined;
  if (TypeGuards.isRangeToken(token)) {
    const { lhs, rhs } = token;
    return !TypeGuards.isNumberToken(lhs) || Math.abs(lhs.content) > MOST_BEGINNING || hasOpenRange(rhs);
  }
  if (TypeGuards.isPropertyAccessToken(token)) return hasOpenRange(token.variable) || hasOpenRange(token.props);
  if (TypeGuards.isFilteredValueToken(token))
    return token.initial.postfix.some(hasOpenRange) || token.filters.some(({ args }) => hasOpenRange(args));
  return false;
}
