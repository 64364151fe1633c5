import { afterAll, expect, it } from 'vitest';
import { pretty } from '../../web/src/json/pretty.ts';
import { wholeText } from '../../web/src/answer/whole.ts';
import { traced } from '../../web/src/json/set-top.ts';
import { startService, startTexts } from '../service.ts';

const texts = await startTexts(
  new Map([
    ['/one', '{"b": 1.0, "2": 12345678901234567890}'],
    ['/text', '"text"'],
  ]),
);
const service = await startService({ sources: { texts: { adapter: 'rest', url: texts.url } } });
afterAll(() => service.close());
afterAll(() => texts.close());

const one = { source: 'texts', op: 'get', params: { path: '/one' } };
const missing = { source: 'texts', op: 'get', params: { path: '/missing' } };
const found = { source: 'shop', op: 'find', params: { collection: 'users', limit: 2, sort: { _id: 1 } } };
const none = { source: 'shop', op: 'find', params: { collection: 'users', filter: { _id: 'nobody' } } };
/** It comes after what it names. */
const after = (name: string | number, query: object = one): object => ({ ...query, when: { $result: `/${name}` } });
const list = (queries: readonly object[], more: object = {}): object => ({ queries, ...more });

const cases: [pattern: string, what: string, batch: object | string][] = [
  ['first-reply', 'the second first', list([after(1), one])],
  ['first-reply', 'the second alone', list([after(1), one], { take: 1 })],
  ['first-reply', 'one of two at once', list([one, one], { take: 1 })],
  ['first-reply', 'one of them hidden', list([{ ...one, hidden: true }, after(0), after(1)], { take: 2 })],
  ['first-reply', 'the last hidden', list([after(1, { ...one, hidden: true }), one], { take: 1 })],
  [
    'first-reply',
    'one of names',
    list([
      { ...after('x'), as: 'y' },
      { ...one, as: 'x' },
    ]),
  ],
  ['first-reply', 'a group that closes last', list([{ pattern: 'kv', queries: { a: one, b: after(1) } }, one])],
  ['ordered', 'the first hidden', list([{ ...one, hidden: true }, one])],
  ['ordered', 'nothing', list([])],
  ['ordered', 'all hidden', list([{ ...one, hidden: true }])],
  ['ordered', 'a race inside', list([{ pattern: 'first-reply', queries: [after(1), one] }, one])],
  ['ordered', 'a race inside, long over', list([one, after(2), { pattern: 'first-reply', queries: [after(1), one] }])],
  [
    'ordered',
    'a dictionary inside',
    list([
      { pattern: 'kv', queries: { 1: one, 0: one } },
      { pattern: 'kv', queries: {} },
    ]),
  ],
  ['kv', 'one that is named 0', { queries: { 0: one } }],
  ['kv', 'nothing', { queries: {} }],
  [
    'kv',
    'the last first',
    '{"queries":{"b":{"pattern":"kv","queries":{"z":Q,"1":Q,"0":Q}},"0":Q}}'.replaceAll('Q', JSON.stringify(one)),
  ],
  ['kv', 'a name of its own', { queries: { b: { ...after('a'), as: 'x' }, a: one, 'a/~': one } }],
  ['kv', 'a list without items', { queries: { a: { ...one, forEach: [] } } }],
  ['kv', 'items', { queries: { a: { ...one, forEach: [1, 2], as: { $join: ['n', { $item: '' }] } } } }],
  [
    'kv',
    'items of groups',
    {
      queries: {
        a: { forEach: [[1], []], pattern: 'first-reply', queries: [{ ...one, forEach: { $item: '' } }, missing] },
      },
    },
  ],
  ['kv', 'a list that flows', { queries: { a: { ...found, stream: true }, b: { ...none, stream: true } } }],
  ['ordered', 'a list that flows', list([{ ...found, stream: true, as: 'x' }])],
  [
    'kv',
    'one that fails beside others',
    { queries: { a: missing, b: { ...missing, default: null }, c: { ...one, unless: true } } },
  ],
  [
    'kv',
    'a hidden group',
    {
      queries: {
        a: { hidden: true, pattern: 'ordered', queries: [missing, { pattern: 'kv', queries: { 1: one, 0: one } }] },
      },
    },
  ],
  [
    'kv',
    'a group with a default',
    {
      queries: {
        a: { default: 1, pattern: 'ordered', queries: [one, one] },
        b: { default: 1, pattern: 'ordered', queries: [missing] },
      },
    },
  ],
  ['kv', 'a group that is selected', { queries: { a: { select: '/0', pattern: 'ordered', queries: [one, one] } } }],
  ['kv', 'two of three', { queries: { a: { take: 2, pattern: 'first-reply', queries: [after(1), one, one] } } }],
  ['kv', 'a race that fails', { queries: { a: { take: 2, pattern: 'first-reply', queries: [missing, after('0')] } } }],
  ['kv', 'one of two', { queries: { a: { take: 1, pattern: 'first-reply', queries: [after(1), one] } } }],
];

it.each(cases)('frames of %s make up what JSON answers: %s', async (pattern, _what, batch) => {
  const text = typeof batch === 'string' ? batch : JSON.stringify(batch);
  const [frames, json, plan] = await Promise.all([
    service.post(`/${pattern}`, traced(text), { accept: 'application/x-ndjson' }),
    service.post(`/${pattern}`, text),
    service.post(`/${pattern}?explain`, text),
  ]);
  expect([frames.status, json.status, plan.status]).toEqual([200, 200, 200]);
  const shown = wholeText(frames.text.trimEnd().split('\n'), plan.text, Infinity);
  expect(withoutTimes(shown.text)).toBe(withoutTimes(pretty(json.text, 0, Infinity).text));
});

const withoutTimes = (text: string): string => text.replaceAll(/"ms": [\d.]+/g, '"ms": 0');

const lines = {
  late: '{"event":"reply","path":"/1","status":"ok","value":1.0,"ms":3,"trace":{"ended":3}}',
  inside: '{"event":"reply","path":"/0/1","status":"ok","value":10000000000000000001}',
  item: '{"event":"item","path":"/0","index":0,"value":{"a":1.0}}',
  broken: '{"event":"reply","path":"/0","status":"error","items":1,"error":{"code":"TIMEOUT"},"ms":2}',
  failed: '{"event":"end","complete":false,"counts":{"error":1},"ms":4,"error":{"code":"TIMEOUT","path":"/0"}}',
};

it.each([
  [
    'the pattern alone is known',
    ['inside', 'late'],
    { pattern: 'ordered' },
    '[{"index":0,"replies":[{"index":1,"status":"ok","value":10000000000000000001}]},{"index":1,"status":"ok","value":1.0,"ms":3}]',
  ],
  [
    'a list still comes',
    ['late', 'item'],
    { pattern: 'first-reply' },
    '[{"index":1,"status":"ok","value":1.0,"ms":3},{"index":0,"value":[{"a":1.0}]}]',
  ],
  [
    'a list broke off',
    ['item', 'broken'],
    { pattern: 'ordered' },
    '[{"index":0,"status":"error","error":{"code":"TIMEOUT"},"ms":2}]',
  ],
] as const)('what is there of an answer is shown where %s', (_what, names, plan, results) => {
  const { text } = wholeText(
    names.map((name) => lines[name]),
    JSON.stringify(plan),
    Infinity,
  );
  expect(text).toBe(pretty(`{"complete":false,"results":${results}}`, 0, Infinity).text);
});

it('what is hidden is no more cancelled where the plan is not known', () => {
  const trace = '"trace":{"members":[{"path":"/h","status":"ok","ended":1}],"ms":1}';
  const end = `{"event":"end","complete":true,"counts":{"ok":1},"ms":4,${trace}}`;
  const { text } = wholeText([lines.late, end], '{"pattern":"kv"}', Infinity);
  expect(text).not.toContain('cancelled');
});

it('a batch that failed shows why, and an answer is cut where it is too long', () => {
  const whole = '{"complete":false,"error":{"code":"TIMEOUT","path":"/0"},"results":{}}';
  const shown = pretty(whole, 0, Infinity).text;
  expect(wholeText([lines.failed], '{"pattern":"kv"}', Infinity)).toEqual({ text: shown, isCut: false });
  expect(wholeText([lines.failed], '{"pattern":"kv"}', 20)).toEqual({ text: shown.slice(0, 20), isCut: true });
});
