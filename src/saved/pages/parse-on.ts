import { type Liquid, Parser, type Template as Node, Tokenizer } from 'liquidjs';
import { isLeftOver, isTooDeep, placed } from './placed.ts';

/** How many faults of one file are told. */
const MOST_FAULTS = 100;

/** What could be parsed of a file, and what could not: each fault with its place. */
export interface Parsed {
  readonly nodes: Node[];
  readonly faults: readonly string[];
}

/** Parses a template as LiquidJS does, but goes on behind what cannot be parsed. */
export function parseOn(text: string, file: string, liquid: Liquid): Parsed {
  const nodes: Node[] = [];
  const faults: string[] = [];
  try {
    const parser = new Parser(liquid);
    const tokens = new Tokenizer(text, liquid.options.operators, file).readTopLevelTokens(liquid.options);
    while (tokens.length > 0 && faults.length < MOST_FAULTS) {
      try {
        nodes.push(parser.parseToken(tokens.shift()!, tokens));
      } catch (error) {
        if (isTooDeep(error)) throw error;
        if (faults.length === 0 || !isLeftOver(error)) faults.push(placed(error, file));
      }
    }
  } catch (error) {
    faults.push(placed(error, file));
  }
  return { nodes, faults };
}
