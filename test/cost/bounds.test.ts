import { describe, expect, it } from 'vitest';
import { Digits } from '../../src/json/leaf.ts';
import { q } from '../batch/simulated.ts';
import { encoded, failure, page, type PageAsking, ready } from '../saved/pages/rendering.ts';
import { processorMs } from '../processor-time.ts';

/** All that search a text for what data say. */
const SEARCHES = [
  '{% if t contains p %}{% endif %}',
  ...['split', 'replace', 'replace_first', 'replace_last', 'remove', 'remove_first', 'remove_last'].map(
    (name) => `{{ t | ${name}: p }}`,
  ),
];

const LIST = Array.from({ length: 2000 }, (_, at) => at);
const DOUBLED = '{% assign x = "0123456789" %}{% for i in (1..40) %}{% assign x = x | append: x %}{% endfor %}{{ x }}';

describe('a template that would take too much fails, and says why to the log alone', () => {
  it.each<[string, string, Record<string, unknown>, PageAsking, RegExp]>([
    [
      'loops within loops',
      '{% for a in l %}{% for b in l %}{% for c in l %}{% endfor %}{% endfor %}{% endfor %}',
      { l: LIST },
      { limits: { work: 200_000 } },
      /more than 200000 pieces of work/,
    ],
    [
      'loops until the deadline',
      '{% for a in l %}{% for b in l %}{% for c in l %}{% endfor %}{% endfor %}{% endfor %}',
      { l: LIST },
      { timeoutMs: 60, limits: { work: 1e9 } },
      /no answer within the time allowed/,
    ],
    [
      'a page beyond answerBytes',
      '{% for a in (1..100) %}{{ t }}{% endfor %}',
      { t: 'ä'.repeat(1000) },
      { limits: { answerBytes: 100_000 } },
      /would exceed 100000 bytes/,
    ],
    [
      'HTML beyond answerBytes',
      `{% for a in (1..100) %}${'x'.repeat(2000)}{% endfor %}`,
      {},
      { limits: { answerBytes: 100_000 } },
      /would exceed 100000 bytes/,
    ],
    [
      'a capture beyond answerBytes',
      '{% capture c %}{% for a in (1..100) %}{{ t }}{% endfor %}{% endcapture %}',
      { t: 'x'.repeat(2000) },
      { limits: { answerBytes: 100_000 } },
      /would exceed 100000 bytes/,
    ],
    [
      'captures of captures',
      '{% for a in (1..40) %}{% capture c %}{{ c | raw }}{{ c | raw }}0123456789{% endcapture %}{% endfor %}',
      {},
      {},
      /would exceed 67108864 bytes/,
    ],
    [
      'a layout beyond answerBytes',
      '{% layout "l.liquid" %}{% for a in (1..100) %}{{ t }}{% endfor %}',
      { t: 'x'.repeat(2000) },
      { limits: { answerBytes: 100_000 }, files: { 'l.liquid': '{% block %}{% endblock %}' } },
      /would exceed 100000 bytes/,
    ],
    [
      'block.super beyond answerBytes',
      '{% layout "l.liquid" %}{% block a %}{{ block.super | size }}{% endblock %}',
      { t: 'x'.repeat(2000) },
      {
        limits: { answerBytes: 100_000 },
        files: { 'l.liquid': '{% block a %}{% for a in (1..100) %}{{ t }}{% endfor %}{% endblock %}' },
      },
      /would exceed 100000 bytes/,
    ],
    ['a text that doubles', DOUBLED, {}, {}, /^page\.liquid:1:52: more than 262144 characters or members at once$/],
    [
      'a range of very many',
      '{% for i in (1..100000000) %}{% endfor %}',
      {},
      {},
      /page\.liquid:1:1: more than 262144 characters or members at once/,
    ],
    ['a range as long as data say', '{% for i in (1..n) %}{% endfor %}', { n: 1e300 }, {}, /more than 262144/],
    ['a width as large as data say', '{{ "now" | date: w }}', { w: '%999999999d' }, {}, /more than 262144/],
    ['a date of very many names', '{{ "now" | date: f }}', { f: '%A'.repeat(8193) }, {}, /more than 262144/],
    [
      'a path with a range that never ends',
      '{{ l | where: p, 1 }}',
      { l: [{ a: 1 }], p: 'a[(100000000000000000..100000000000000090)]' },
      {},
      /page\.liquid:1:1: a path has no parentheses/,
    ],
    [
      'a path that is such a list',
      '{{ l | where: p, 1 }}',
      { l: [{ a: 1 }], p: ['a[(', '1..2)]'] },
      {},
      /a path is a text/,
    ],
    [
      'a path as long as data say',
      '{{ l | sort: p }}',
      { l: [{ a: 1 }], p: 'x'.repeat(262_145) },
      {},
      /page\.liquid:1:1: more than 262144/,
    ],
    ...SEARCHES.map((search): [string, string, Record<string, unknown>, PageAsking, RegExp] => [
      `${search} of a long part`,
      search,
      { t: 'a'.repeat(90_000), p: `${'a'.repeat(15_000)}b${'a'.repeat(15_000)}` },
      {},
      /page\.liquid:1:1: more than 16777216 comparisons of characters at once/,
    ]),
    [
      'a long list of numbers searched for',
      '{{ t | split: p }}',
      { t: '1'.repeat(250_000), p: Array.from({ length: 100 }, () => new Digits('1'.repeat(100))) },
      {},
      /comparisons of characters at once/,
    ],
    [
      'a text beyond what is searched',
      '{% if t contains "y" %}{% endif %}',
      { t: 'x'.repeat(262_145) },
      {},
      /page\.liquid:1:1: more than 262144 characters/,
    ],
    [
      'a text beyond what a filter takes',
      '{{ t | upcase }}',
      { t: 'x'.repeat(262_145) },
      {},
      /page\.liquid:1:1: more than 262144/,
    ],
    [
      'a list beyond what a filter makes a text of',
      '{{ l | join }}',
      { l: [['x'.repeat(262_145)]] },
      {},
      /more than 262144/,
    ],
    [
      'a separator that is put in very often',
      '{{ l | join: s }}',
      { l: LIST, s: 'x'.repeat(1000) },
      {},
      /more than 262144/,
    ],
    [
      'a replacement that is put in very often',
      '{{ t | replace: "", s }}',
      { t: 'x'.repeat(2000), s: 'x'.repeat(1000) },
      {},
      /more than 262144/,
    ],
    [
      'a list too long to sort',
      '{{ l | sort | size }}',
      { l: Array.from({ length: 17_000 }, () => 0) },
      {},
      /more than 262144/,
    ],
    [
      'lists that grow',
      '{% assign a = "" | split: "," %}{% for i in (1..10000) %}{% for j in l %}{% assign a = a | push: j %}{% endfor %}{% endfor %}',
      { l: LIST },
      { limits: { answerBytes: 1_000_000 } },
      /would exceed 1000000 bytes/,
    ],
    [
      'an object of very many keys, looked through',
      '{% for p in o %}{% endfor %}',
      { o: Object.fromEntries(Array.from({ length: 17_000 }, (_, at) => [`k${at}`, 0])) },
      {},
      /more than 262144/,
    ],
    [
      'a template that takes in itself',
      '{% render "r.liquid" %}',
      {},
      { files: { 'r.liquid': '{% if true %}{% render "r.liquid" %}{% endif %}' } },
      /r\.liquid:1:1: templates, blocks, or lists that are compared are nested too deep/,
    ],
    [
      'two that take in each other',
      '{% include "r.liquid" %}',
      {},
      { files: { 'r.liquid': '{% if true %}{% include "page.liquid" %}{% endif %}' } },
      /nested too deep/,
    ],
    [
      'lists compared that are nested very deep',
      '{% if a == b %}{% endif %}',
      { a: nested(900), b: nested(900) },
      {},
      /nested too deep/,
    ],
    [
      'a copy of what was gathered',
      '{{ a }}',
      { a: 'x'.repeat(6000) },
      { limits: { answerBytes: 10_000 } },
      /would exceed 10000 bytes/,
    ],
    [
      'what became of each query',
      '{{ codap.replies.a.status }}',
      { a: 'x'.repeat(6000) },
      { limits: { answerBytes: 10_000 } },
      /would exceed 10000 bytes/,
    ],
  ])('%s', async (_, template, values, asking, cause) => {
    const told = await failure(page(template, values, asking));
    expect(told).toMatch(/^codap failed to render this page <- /);
    expect(told.slice(told.indexOf('<- ') + 3)).toMatch(cause);
  });
});

describe('what a filter makes counts as long as its page is rendered', () => {
  const asking = { timeoutMs: 20_000, limits: { work: 1e9, answerBytes: 3_500_000 } };
  const values = {
    n: Array.from({ length: 8000 }, (_, at) => at),
    l: Array.from({ length: 8000 }, (_, at) => ({ a: at, b: 1 })),
    o: Object.fromEntries(Array.from({ length: 4000 }, (_, at) => [`k${at}`, 0])),
    t: 'a,bc,'.repeat(4000),
    c: '\u4e00'.repeat(40_000),
  };
  /** Keeps what is made, as often as it takes to have more than there may be. */
  const kept = (made: string): string =>
    `{% assign all = n | slice: 0, 0 %}{% for i in (1..60) %}{% assign x = ${made} %}{% assign all = all | push: x %}{% endfor %}{{ all | size }}`;

  it.each([
    '(1..8000)',
    ...['reverse', 'compact', 'uniq', 'pop', 'shift', 'sort', 'sort_natural'].map((filter) => `n | ${filter}`),
    ...['push: 1', 'unshift: 1', 'concat: l', 'slice: 0, 8000'].map((filter) => `n | ${filter}`),
    ...['map: "a"', 'where: "b"', 'reject: "c"', 'group_by: "b"', 'group_by: "a"'].map((filter) => `l | ${filter}`),
    'o | group_by: "b"',
    't | split: ","',
    'c | upcase',
    'c | slice: 0, 40000',
    'c | escape',
  ])('%s', async (made) => {
    expect(await failure(page(kept(made), values, asking))).toMatch(/would exceed 3500000 bytes/);
  });

  it.each([
    [
      'less for a character than for a member',
      '{% for i in (1..8000) %}{% assign x = c | slice: 0, 100 %}{% endfor %}',
      '',
    ],
    ['nothing for a list that is only looked through', kept('l | find: "a", 0').replace('60', '200'), '200'],
  ])('%s', async (_, template, text) => {
    expect(await page(template, values, asking)).toBe(text);
  });
});

function nested(depth: number): unknown {
  return depth === 0 ? [] : [nested(depth - 1)];
}

it('a page of a source that timed out at the deadline is rendered all the same', async () => {
  const body = { queries: { slow: q({ stall: true }), quick: q({ value: 1 }) } };
  const began = processorMs();
  const answer = await encoded('{{ quick }} {{ codap.replies.slow.error.code }}', body, { timeoutMs: 50 });
  expect(processorMs() - began).toBeLessThan(150);
  expect(answer?.body).toMatchObject({ kind: 'text' });
  expect(answer?.headers).toMatchObject({ 'codap-complete': 'false' });
});

it('a batch that failed as a whole has no page', async () => {
  expect(await encoded('x', { queries: { a: q({ fail: 'NOT_FOUND' }, { required: true }) } })).toBeUndefined();
  expect(await encoded('x', { onError: 'fail', queries: { a: q({ fail: 'TIMEOUT' }) } })).toBeUndefined();
});

it('a client that leaves cancels the rendering', async () => {
  const controller = new AbortController();
  const template = '{% for a in l %}{% for b in l %}{% for c in l %}{% endfor %}{% endfor %}{% endfor %}';
  setTimeout(() => controller.abort(), 60);
  const rendering = page(
    template,
    { l: LIST },
    { signal: controller.signal, limits: { work: 1e9 }, timeoutMs: 10_000 },
  );
  await expect(rendering).rejects.toMatchObject({ code: 'CANCELLED' });
});

/** How long this thread has computed, in milliseconds, whatever else the machine does. */
function busyMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

describe('no page holds the others up for more than 50 ms', () => {
  const texts = 'x&y <b> \n'.repeat(29_000);
  it.each<[string, string, Record<string, unknown>]>([
    ['many short writes', '{% for a in l %}{% for b in l limit: 20 %}{{ b }}<br>{% endfor %}{% endfor %}', { l: LIST }],
    [
      'a large object as JSON',
      '{{ o | json | size }}{{ o }}',
      { o: Array.from({ length: 20_000 }, (_, at) => ({ at, text: '<b>&' })) },
    ],
    ['a large text', '{{ t }}{{ t | raw }}', { t: texts.repeat(8) }],
    [
      'filters of texts as large as they may be',
      '{% for i in (1..3) %}{{ t | upcase | size }}{{ t | replace: "x", "y" | size }}{{ t | split: " " | size }}{{ t | strip_html | size }}{{ t | slugify | size }}{{ t | newline_to_br | size }}{{ t | escape_once | size }}{{ t | split: "" | size }}{{ t | url_encode | size }}{{ t | truncatewords: 9 | size }}{% endfor %}',
      { t: texts },
    ],
    [
      'lists as long as they may be',
      '{{ n | sort | size }}{{ n | sort_natural | size }}{{ n | uniq | size }}{{ n | reverse | size }}{{ n | join | size }}{{ n | where: "x" | size }}{% for x in n reversed limit: 2 %}{% endfor %}',
      { n: Array.from({ length: 16_000 }, (_, at) => `k${(at * 7919) % 32_003}`) },
    ],
    [
      'an object of very many keys',
      '{{ o.size }}{% for p in o %}{{ p[0] }}{% endfor %}{{ o | json | size }}',
      { o: Object.fromEntries(Array.from({ length: 16_000 }, (_, at) => [`k${at}`, at])) },
    ],
    [
      'an object of more keys than can be looped over',
      '{{ o.size }}{% if o == empty %}{% endif %}{{ o | json | size }}{{ o }}',
      { o: Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`k${at}`, at])) },
    ],
    [
      'texts searched for parts as long as they may be',
      SEARCHES.join(''),
      { t: 'a'.repeat(8000), p: `${'a'.repeat(1000)}b${'a'.repeat(1000)}` },
    ],
    [
      'long texts searched for short parts',
      SEARCHES.join(''),
      { t: `\u0100${'a'.repeat(262_000)}`, p: `b${'a'.repeat(60)}` },
    ],
    [
      'lists compared and coerced',
      '{% for x in l limit: 50 %}{% if n < n %}{% endif %}{{ n | plus: 1 }}{% if n == n %}{% endif %}{% endfor %}',
      { l: LIST, n: LIST.concat(LIST, LIST, LIST) },
    ],
  ])('%s', async (_, template, values) => {
    const render = await ready(template, values, { timeoutMs: 20_000, limits: { work: 1e9 } });
    let longest = 0;
    let since = busyMs();
    let isOver = false;
    const watch = (): void => {
      longest = Math.max(longest, busyMs() - since);
      since = busyMs();
      if (!isOver) setImmediate(watch);
    };
    watch();
    await render();
    isOver = true;
    expect(longest).toBeLessThan(50);
  });
});
