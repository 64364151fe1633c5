import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toolsOf } from '../../src/agents/tools.ts';
import { modifiers } from '../../src/batch/modifiers/index.ts';
import { processMemory } from '../../src/budget/memory.ts';
import { paramsSchema } from '../../src/openapi/schema-of.ts';
import { describing } from '../../src/service/describe-source.ts';
import type { Sources } from '../../src/sources/open.ts';
import { openSources, parseConfig } from '../configured.ts';

const mongo = { adapter: 'mongo', url: 'mongodb://127.0.0.1:1', database: 'shop', collections: ['users'] };
const narrow = { ...mongo, stages: ['$match'], operators: ['$eq'] };
const rest = { adapter: 'rest', url: 'http://127.0.0.1:1/' };

let opened: Sources;
beforeAll(async () => {
  opened = await openSources(parseConfig({ sources: { shop: mongo, narrow, prices: rest } }));
});
afterAll(() => opened[Symbol.asyncDispose]());

/** How each type that JSON lacks is written. */
const WRITTEN = ['{"$oid": ', '{"$date": ', '{"$numberLong": ', '{"$numberDecimal": ', '{"$uuid": '];
const writtenIn = (text: string) => WRITTEN.filter((one) => text.includes(one));

describe('what an agent is told of run_batch', () => {
  const told = (...names: string[]) => {
    const sources = new Map(names.map((name) => [name, opened.sources.get(name)!]));
    return toolsOf([], sources, true).find(({ name }) => name === 'run_batch')!.description;
  };

  it.each([
    ['where a mongo source is granted', ['prices', 'shop'], 1],
    ['once for all of them', ['shop', 'narrow'], 1],
    ['not where there is none', ['prices'], 0],
    ['not without sources', [], 0],
  ])('says how an id or a date is written: %s', (_what, names, times) => {
    expect(told(...names).split('\nmongo: ')).toHaveLength(times + 1);
    expect(writtenIn(told(...names))).toEqual(times > 0 ? WRITTEN : []);
  });

  it.each(Object.keys(modifiers))('names %s', (name) => {
    expect(told()).toContain(`"${name}"`);
  });
});

describe.each(['shop', 'narrow'])('the params of the mongo source %s', (name) => {
  it.each([
    ['findOne', 'filter'],
    ['find', 'filter'],
    ['countDocuments', 'filter'],
    ['distinct', 'filter'],
    ['aggregate', 'pipeline'],
  ])('say how an id or a date is written: %s, in its %s', (op, field) => {
    const { properties } = paramsSchema(opened.sources.get(name)!.ownParamsOf(op)) as {
      properties: Record<string, { description: string }>;
    };
    expect(writtenIn(properties[field]!.description)).toEqual(WRITTEN);
  });
});

describe.each([
  ['shop', 'find'],
  ['prices', 'get'],
])('the description of the source %s', (name, op) => {
  const referred = (told: object) => Object.keys(JSON.parse(JSON.stringify(told)).ops[op].params.$defs).toSorted();
  const both = ['Item', 'Join', 'Reference', 'Result', 'ResultMeta', 'Verbatim', 'VerbatimParams'];

  it.each([
    ['an agent', 'of what any batch may refer to, and nothing that it is refused', 'toAgents', both],
    ['a client', 'also of what a saved batch may refer to', 'told', ['CallerClaim', 'Param', ...both].toSorted()],
  ] as const)('tells %s %s', async (_whom, _what, which, defs) => {
    const described = await describing(processMemory(1000), 500)(
      opened.sources.get(name)!,
      new AbortController().signal,
    );
    expect(referred(described[which])).toEqual(defs);
    expect(JSON.stringify(described[which]).includes('$param')).toBe(which === 'told');
    expect(described.json).toBe(JSON.stringify(described.told));
  });
});
