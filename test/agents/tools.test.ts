import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toolsOf } from '../../src/agents/tools.ts';
import { modifiers } from '../../src/batch/modifiers/index.ts';
import { paramsSchema } from '../../src/openapi/schema-of.ts';
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
