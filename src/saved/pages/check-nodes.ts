import {
  CycleTag,
  IncludeTag,
  LayoutTag,
  type Liquid,
  RenderTag,
  type Template as Node,
  type Token,
  toValueSync,
  TypeGuards,
  Value,
} from 'liquidjs';
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

/** Looks for what a template includes, and for what LiquidJS would find only as it renders. */
export function checkNodes(nodes: readonly Node[], liquid: Liquid): Found {
  const includes: Included[] = [];
  const faults: Fault[] = [];
  for (const node of within(nodes)) {
    const at = placeOf(node.token);
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

function* within(nodes: readonly Node[]): Generator<Node> {
  for (const node of nodes) {
    yield node;
    if (node.children) yield* within(toValueSync(node.children(false, true)));
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
