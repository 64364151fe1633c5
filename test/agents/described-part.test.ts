import { describe, expect, it } from 'vitest';
import { describedPart } from '../../src/agents/described-part.ts';
import { atOnce, Work } from '../../src/budget/work.ts';
import { BadRequest } from '../../src/json/fault-list.ts';
import { followPath } from '../../src/json/members.ts';
import { parsePointer } from '../../src/json/pointer.ts';
import type { Body } from '../service.ts';

const told = (name: string, contents: object) => ({ name, adapter: 'mongo', ops: { find: { params: {} } }, contents });
const part = (description: object, at: string, most: number) =>
  atOnce(describedPart(description, at, most, new Work(Infinity)));
const faultOf = (description: object, at: string, most = 4096): string => {
  try {
    return part(description, at, most);
  } catch (error) {
    return (error as BadRequest).errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join();
  }
};

const fields = Object.fromEntries(
  Array.from({ length: 100 }, (_, n) => [
    `/some/field/that/stands/deeper/field${n}`,
    { documents: 100, types: { string: 100 } },
  ]),
);
const shop = told('shop', {
  collections: Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`c/${n}`, { sampled: 100, fields }])),
});
const api = told('api', {
  paths: Object.fromEntries(
    Array.from({ length: 600 }, (_, n) => [`/things/{id}/part${n}`, { get: { summary: 'x'.repeat(300) } }]),
  ),
});

describe('a description that an agent asks for', () => {
  it('is whole where it fits, and else within its bytes, whatever the pointer', () => {
    expect(part(told('shop', {}), '', 1024)).toBe(JSON.stringify(told('shop', {})));
    for (const most of [1024, 4096, 65_536])
      for (const [one, pointers] of [
        [shop, ['', '/contents', '/contents/collections', '/contents/collections/c~13', '/name']],
        [api, ['', '#/contents', '/contents/paths']],
      ] as const)
        for (const at of pointers) {
          const text = part(one, at, most);
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(most);
          expect(() => JSON.parse(text) as unknown).not.toThrow();
        }
  });

  it.each([
    ['collections', shop, '/contents/collections', 10],
    ['paths', api, '/contents/paths', 600],
  ] as const)('leads to all of its %s, one after the other', (_what, whole, around, count) => {
    const { description, missing } = JSON.parse(part(whole, '', 65_536));
    const cut = missing.find(({ at }: Body) => at === `#${around}`);
    const all = Object.keys(followPath(whole, parsePointer(around)) as object);
    const there = Object.keys(followPath(description, parsePointer(around)) as object);
    expect([there.length, cut.missing, there]).toEqual([cut.shown, count - cut.shown, all.slice(0, cut.shown)]);
    expect(cut.names).toEqual(all.slice(cut.shown).slice(0, cut.names.length));
    // Beyond those it tells the names to whoever asks for what is not there.
    const names = faultOf(whole, `${around}/?`, 65_536)
      .replace(/^.*allowed here: | and \d+ more$/g, '')
      .split(', ');
    expect(names).toEqual(all.map((name) => `${around}/${name.replaceAll('/', '~1')}`).slice(0, names.length));
    expect(names.length).toBeGreaterThan(Math.min(count, 500) - 1);
    for (const at of names) expect(part(whole, at, 65_536)).toBe(JSON.stringify(followPath(whole, parsePointer(at))));
  });

  it.each([
    ['no pointer', 'contents', '#/at: a JSON Pointer into the description is allowed here'],
    ['half an escape', '#/%', '#/at: a JSON Pointer into the description is allowed here'],
    ['one of another source', '/contents/paths', '#/at: no such part; allowed here: /contents/collections'],
    ['what no object has', '/constructor', '#/at: no such part; allowed here: /name, /adapter, /ops, /contents'],
    ['one into a text', '/name/0', '#/at: no such part; allowed here: /name'],
    ['one into nothing', '/ops/find/params/a/b', '#/at: no such part; allowed here: /ops/find/params'],
  ])('is a fault for %s', (_what, at, fault) => {
    expect(faultOf(shop, at)).toBe(fault);
  });

  it('tells how large a single value is that does not fit', () => {
    const { description, missing } = JSON.parse(part(told('shop', { note: 'x'.repeat(2000) }), '/contents/note', 1024));
    expect([description, missing]).toEqual([null, [{ at: '#/contents/note', bytes: 2002 }]]);
  });

  it('tells of very many names as many as fit', () => {
    expect(faultOf(api, '/contents/paths/none', 1024)).toMatch(/part0, .* and \d{3} more$/);
    expect(faultOf(api, '/contents/paths/none', 1024).length).toBeLessThan(1024);
  });
});
