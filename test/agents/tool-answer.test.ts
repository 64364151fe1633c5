import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toolAnswer } from '../../src/agents/tool-answer.ts';
import { failureText, refusalText } from '../../src/agents/tool-fault.ts';
import type { Member, MemberList, Reply } from '../../src/batch/run/reply.ts';
import { atOnce } from '../../src/budget/work.ts';
import { CodapError } from '../../src/errors.ts';
import { BadRequest } from '../../src/json/fault-list.ts';

const member = (key: string | number, reply: Reply, hidden = false): Member => ({
  node: undefined as never,
  path: [key],
  as: undefined,
  hidden,
  reply,
  traced: undefined,
});
const ok = (value: unknown): Reply => {
  const json = JSON.stringify(value);
  return { status: 'ok', value: { kind: 'value', json, value } };
};
const listOf = (members: readonly Member[], keyed = true): MemberList => ({
  keyed,
  members,
  cancelled: 0,
  taken: false,
});
const answer = (list: MemberList, most: number) => atOnce(toolAnswer(list, most, Infinity));

const failure = fc
  .string({ maxLength: 300 })
  .map((message): Reply => ({ status: 'error', error: new CodapError('UNAVAILABLE', message) }));
// JavaScript writes no -0.
const value = fc.jsonValue({ maxDepth: 4 }).map((made) => JSON.parse(JSON.stringify(made)) as unknown);
const reply = fc.oneof({ weight: 3, arbitrary: value.map(ok) }, failure);
const large = fc.nat({ max: 400 }).map((count) => ok(Array.from({ length: count }, (_, n) => ({ n, text: 'ö€' }))));
const replies = fc.array(fc.oneof(reply, large), { maxLength: 40 });

describe('the answer of a tool', () => {
  it('is JSON within its bytes, whatever a batch came to', () => {
    fc.assert(
      fc.property(replies, fc.boolean(), fc.integer({ min: 1024, max: 5000 }), (all, keyed, most) => {
        const members = all.map((one, at) => member(keyed ? `query "${at}"` : at, one));
        const text = answer(listOf(members, keyed), most);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(most);
        const { complete, cut, missing, errors = [], results } = JSON.parse(text);
        const failed = all.filter(({ status }) => status === 'error').length;
        expect(complete).toBe(failed === 0);
        const [last] = errors.slice(-1);
        expect(last?.more === undefined ? errors.length : errors.length - 1 + last.more).toBe(failed);
        if (cut === undefined)
          expect(Object.values(results)).toEqual(members.map(({ reply: { value } }) => value?.value ?? null));
        else expect(missing.length).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  it('is whole where it has as many bytes as it may, and not one byte more', () => {
    fc.assert(
      fc.property(replies, fc.boolean(), (all, keyed) => {
        const list = listOf(
          all.map((one, at) => member(keyed ? `query "ö${at}"` : at, one)),
          keyed,
        );
        const whole = answer(list, 1e9);
        const bytes = Buffer.byteLength(whole);
        fc.pre(bytes > 1024);
        expect(answer(list, bytes)).toBe(whole);
        const text = answer(list, bytes - 1);
        expect(Buffer.byteLength(text)).toBeLessThan(bytes);
        const { missing, errors = [] } = JSON.parse(text);
        expect(missing ?? errors.at(-1).more).toBeDefined();
      }),
      { numRuns: 60 },
    );
  });

  it('tells all failures where they leave enough room for the results', () => {
    const failed: Reply = { status: 'error', error: new CodapError('UNAVAILABLE', 'down', { source: 'shop' }) };
    const list = listOf(Array.from({ length: 500 }, (_, at) => member(`query ${at}`, failed)));
    const text = answer(list, 65_536);
    expect(Buffer.byteLength(text)).toBeGreaterThan(32_768);
    expect(JSON.parse(text).errors).toHaveLength(500);
  });

  it.each([
    ['texts', (bytes: number) => 'x'.repeat(bytes - 2)],
    ['objects of one member', (bytes: number) => ({ v: 'x'.repeat(bytes - 8) })],
    ['lists of large members', (bytes: number) => Array.from({ length: 3 }, () => 'x'.repeat(bytes / 3 - 4))],
    ['lists of small members', (bytes: number) => Array.from({ length: bytes >> 3 }, () => 'small')],
  ])('has most of the bytes that it may where there are many small %s', (_what, made) => {
    const count = fc.integer({ min: 20, max: 1000 });
    fc.assert(
      fc.property(count, fc.integer({ min: 4096, max: 65_536 }), fc.nat(), fc.boolean(), (count, most, seed, keyed) => {
        // Together more than fit, each a small part of all.
        const [least, largest] = [Math.max(30, Math.ceil((1.2 * most) / count)), most / 12];
        fc.pre(least <= largest);
        const sizes = Array.from({ length: count }, (_, at) => least + ((seed + 7 * at) % (largest - least + 1)));
        const list = listOf(
          sizes.map((bytes, at) => member(keyed ? `k${at}` : at, ok(made(Math.floor(bytes))))),
          keyed,
        );
        const bytes = Buffer.byteLength(answer(list, most));
        expect(bytes).toBeLessThanOrEqual(most);
        expect(bytes).toBeGreaterThan(0.6 * most);
      }),
      { numRuns: 40 },
    );
  });

  it('has the first whole where equal parts would hold none, and says which are cut', () => {
    const members = Array.from({ length: 300 }, (_, at) =>
      member(`k${at}`, ok({ path: `${at}`, pad: 'x'.repeat(430) })),
    );
    const text = answer(listOf(members), 65_536);
    const { results, missing } = JSON.parse(text);
    const whole = Object.values<{ pad?: string }>(results).filter(({ pad }) => pad !== undefined);
    expect(whole.length).toBeGreaterThan(120);
    expect(whole).toEqual(Object.values(results).slice(0, whole.length));
    expect(missing[0]).toEqual({ at: `#/k${whole.length}`, shown: 1, missing: 1 });
    expect(Buffer.byteLength(text)).toBeGreaterThan(60_000);
  });

  it('has small values whole beside a large one, and parts of large ones alike', () => {
    const rows = Array.from({ length: 200 }, (_, n) => ({ n, text: 'a row' }));
    const list = listOf([member('a', ok(rows)), member('b', ok({ rows, more: 1 })), member('c', ok('small'))]);
    const { missing, results } = JSON.parse(answer(list, 4096));
    expect(results.c).toBe('small');
    expect(results.a.length).toBeGreaterThan(40);
    expect(Math.abs(results.a.length - results.b.rows.length)).toBeLessThan(3);
    expect(missing).toEqual([
      { at: '#/a', shown: results.a.length, missing: 200 - results.a.length },
      { at: '#/b', shown: 1, missing: 1 },
      { at: '#/b/rows', shown: results.b.rows.length, missing: 200 - results.b.rows.length },
    ]);
  });

  it('leaves queries at the end out where there are too many', () => {
    const members = Array.from({ length: 1000 }, (_, at) => member(at, ok('x'.repeat(100))));
    const { missing, results } = JSON.parse(answer(listOf(members, false), 4096));
    expect(missing[0]).toEqual({ at: '#', shown: results.length, missing: 1000 - results.length });
    expect(results.length).toBeLessThan(60);
  });

  it('hides what is hidden, and says of a default why it stands there', () => {
    const error = new CodapError('TIMEOUT', 'too late');
    const list = listOf([member('a', ok(1), true), member('b', { ...ok(2), defaulted: true, error })]);
    expect(JSON.parse(answer(list, 4096))).toEqual({
      complete: false,
      errors: [{ at: '#/b', code: 'TIMEOUT', defaulted: true, message: 'too late', retryable: true }],
      results: { a: null, b: 2 },
    });
  });
});

describe('what an agent is told of faults', () => {
  it('is as many whole lines as fit, and how many more there are', () => {
    const faults = Array.from({ length: 100 }, (_, at) => ({ pointer: `#/queries/${at}`, detail: 'é'.repeat(60) }));
    const text = refusalText(new BadRequest(faults), 1024);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024);
    expect(text).toMatch(/\n#\/queries\/0: é{60}\n.*\nand \d\d more$/s);
    const whole = refusalText(new BadRequest(faults), 1e6);
    const bytes = Buffer.byteLength(whole);
    expect(refusalText(new BadRequest(faults), bytes)).toBe(whole);
    expect(refusalText(new BadRequest(faults), bytes - 1)).toMatch(/\nand \d more$/);
  });

  it('says of each failure whether it may be asked again, and when', () => {
    const first = { path: ['a'], error: new CodapError('OVERLOADED', 'too many', { source: 's', retryAfterMs: 150 }) };
    const second = { path: ['b'], error: new CodapError('NOT_FOUND', 'nothing there') };
    expect(failureText({ decidedBy: second, failures: [first, second] }, 1024).split('\n')).toEqual([
      'The batch failed.',
      '#/b: NOT_FOUND: nothing there; asking again does not help',
      '#/a: OVERLOADED: too many; source s; may be asked again in 150 ms',
    ]);
  });
});
