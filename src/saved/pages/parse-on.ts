import { type Liquid, LiquidError, Parser, type Template as Node, Tokenizer } from 'liquidjs';
import { MOST_FAULTS } from '../../json/fault-list.ts';
import { BrokenBlocks } from './broken-blocks.ts';
import { type Fault, faultOf, isTooDeep } from './placed.ts';

/** What could be parsed of a file, and what could not. */
export interface Parsed {
  readonly nodes: Node[];
  readonly faults: readonly Fault[];
}

/** Parses a template as LiquidJS does, but goes on behind what cannot be parsed. */
export function parseOn(text: string, file: string, liquid: Liquid): Parsed {
  const nodes: Node[] = [];
  const faults: Fault[] = [];
  const broken = new BrokenBlocks();
  try {
    const parser = new Parser(liquid);
    const tokens = new Tokenizer(text, liquid.options.operators, file).readTopLevelTokens(liquid.options);
    const all = [...tokens];
    while (tokens.length > 0 && faults.length < MOST_FAULTS) {
      const begin = all.length - tokens.length;
      const token = tokens.shift()!;
      if (broken.hasLeft(token)) continue;
      try {
        nodes.push(parser.parseToken(token, tokens));
      } catch (error) {
        if (isTooDeep(error)) throw error;
        const isWithin = broken.areOpen || (LiquidError.is(error) && error.token !== token);
        faults.push(faultOf(error, isWithin));
        for (const lost of all.slice(begin, all.length - tokens.length)) broken.add(lost);
      }
    }
  } catch (error) {
    faults.push(faultOf(error));
  }
  return { nodes, faults };
}
