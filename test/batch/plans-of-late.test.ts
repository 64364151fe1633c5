import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import type { Plan } from '../../src/batch/plan/node.ts';
import { PlansOfLate } from '../../src/batch/plan/plans-of-late.ts';

const sources = new Map();
const kv = (text: string) => ({ pattern: 'kv' as const, body: Buffer.from(text), sources });
const made = (): Plan => ({ trace: false }) as Plan;

it('keeps the plan of a body that comes a second time', () => {
  const plans = new PlansOfLate();
  const [first, second] = [made(), made()];
  plans.add(kv('{}'), first);
  expect(plans.get(kv('{}'))).toBeUndefined();
  plans.add(kv('{}'), second);
  expect(plans.get(kv('{}'))).toBe(second);
});

it('gives none to another pattern, to who may name other sources, or to another body of the same checksum', () => {
  const plans = new PlansOfLate();
  for (let times = 0; times < 2; times += 1) plans.add(kv('plumless'), made());
  expect(plans.get(kv('plumless'))).toBeDefined();
  expect(plans.get({ ...kv('plumless'), pattern: 'ordered' })).toBeUndefined();
  expect(plans.get({ ...kv('plumless'), sources: new Map() })).toBeUndefined();
  expect(crc32('buckeroo')).toBe(crc32('plumless'));
  expect(plans.get(kv('buckeroo'))).toBeUndefined();
});

it('keeps those of each pattern, and of each who may name other sources, beside each other', () => {
  const plans = new PlansOfLate();
  const all = [kv('{}'), { ...kv('{}'), pattern: 'ordered' as const }, { ...kv('{}'), sources: new Map() }];
  for (let times = 0; times < 2; times += 1) for (const each of all) plans.add(each, made());
  expect(all.map((each) => plans.get(each) !== undefined)).toEqual([true, true, true]);
});

it('keeps a body as it was, whatever becomes of the memory that it came in', () => {
  const plans = new PlansOfLate();
  const { body } = kv('{"queries":{}}');
  for (let times = 0; times < 2; times += 1) plans.add({ ...kv(''), body }, made());
  body.fill('x');
  expect(plans.get(kv('{"queries":{}}'))).toBeDefined();
});

it('lets go of those that came longest ago, once there are many or they are large, and keeps none that is very large', () => {
  const text = (length: number, name = '') => name.padEnd(length);
  const twice = (plans: PlansOfLate, body: string): void => {
    for (let times = 0; times < 2; times += 1) plans.add(kv(body), made());
  };
  const kept = (plans: PlansOfLate, bodies: readonly string[]): number =>
    bodies.filter((body) => plans.get(kv(body))).length;
  const small = Array.from({ length: 2100 }, (_, at) => text(8, String(at)));
  const large = Array.from({ length: 20 }, (_, at) => text(64 * 1024, String(at)));
  const [ofSmall, ofLarge] = [new PlansOfLate(), new PlansOfLate()];
  for (const body of small) twice(ofSmall, body);
  for (const body of large) twice(ofLarge, body);
  expect(kept(ofSmall, small.slice(0, 100))).toBe(0);
  expect(kept(ofSmall, small.slice(100))).toBe(2000);
  expect(kept(ofLarge, large)).toBe(8);
  expect(kept(ofLarge, large.slice(-7))).toBe(7);
  twice(ofSmall, text(64 * 1024 + 1));
  expect(kept(ofSmall, [text(64 * 1024 + 1)])).toBe(0);
});
