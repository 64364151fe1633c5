import { type Liquid, LiquidError, Parser, type Template as Node, Tokenizer } from 'liquidjs';
import { MOST_FAULTS } from '../../json/fault-list.ts';
import { BrokenBlocks } from './broken-blocks.ts';
import { checkTokens } from './check-tokens.ts';
import { type Fault, faultOf, isTooDeep, placeIn } from './placed.ts';

/** What could be parsed of a file, and what could not. */
export interface Parsed {
  readonly nodes: Node[];
  readonly faults: readonly Fault[];
}

/** Parses a template as LiquidJS does, but passes over nothing, and goes on behind what cannot be parsed. */
export function parseOn(text: string, file: string, liquid: Liquid): Parsed {
  const nodes: Node[] = [];
  const faults: Fault[] = [];
  const broken = new BrokenBlocks();
  try {
    const parser = new Parser(liquid);
    const tokens = new Tokenizer(text, liquid.options.operators, file).readTopLevelTokens(liquid.options);
    const all = [...tokens];
    const misread = checkTokens(all, liquid);
    for (const { begin, message } of misread) faults.push({ at: placeIn(text, begin), detail: message });
    while (tokens.length > 0 && faults.length < misread.length + MOST_FAULTS) {
      const begin = all.length - tokens.length;
      const token = tokens.shift()!;
      if (broken.hasLeft(token)) continue;
      try {
        nodes.push(parser.parseToken(token, tokens));
      } catch (error) {
        const lost = all.slice(begin, all.length - tokens.length);
        const last = lost.at(-1)!;
        // It stopped there, for what is told already.
        const isTold = misread.some((one) => one.begin >= last.begin && one.begin < last.end);
        const isWithin = broken.areOpen || (LiquidError.is(error) && error.token !== token);
        if (!isTold) faults.push(faultOf(error, isWithin));
        if (isTooDeep(error)) break;
        for (const one of lost) broken.add(one);
      }
    }
  } catch (error) {
    faults.push(faultOf(error));
  }
  return { nodes, faults };
}
