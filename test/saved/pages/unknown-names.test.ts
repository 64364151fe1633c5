import { expect, it } from 'vitest';
import { PagesBelow } from '../../../src/saved/pages/open-page.ts';
import { processorMs } from '../../processor-time.ts';
import { inFolder } from './rendering.ts';

/** What is told of pages by their batches, of which each has the keys `item` and `price` and a parameter. */
async function warningsOf(
  files: Readonly<Record<string, string>>,
  templates: readonly string[] = ['page.liquid'],
): Promise<readonly (readonly [string, readonly string[]])[]> {
  return inFolder(files, async (folder) => {
    const pages = new PagesBelow(folder);
    for (const [at, template] of templates.entries()) {
      const said = { name: `b${at}`, pattern: 'kv', template, queries: { item: {}, price: {} } } as const;
      expect((await pages.open({ ...said, params: { id: { type: 'string', required: true } } })).faults).toEqual([]);
    }
    return [...pages.warnings()];
  });
}

const THERE = 'item, price, params, codap';

it.each<[template: string, ...warnings: string[]]>([
  ['{{ itm.left }}', `1:4: nothing is named itm; there are: ${THERE}`],
  ['{{ item.lft }}{{ price }}{{ item["a"].b[0].size }}'],
  ['\n {{ parms.x }}', `2:5: nothing is named parms; there are: ${THERE}`],
  ['{{ params.idd }}{{ params.id.x }}', '1:4: params has no idd; there are: id'],
  ['{{ params["idd"] }}', '1:4: params has no idd; there are: id'],
  ['{{ codap.compelte }}', '1:4: codap has no compelte; there are: complete, replies'],
  ['{{ codap.replies.itm.ms }}', '1:4: codap.replies has no itm; there are: item, price'],
  ['{{ codap.replies.item.ms }}{{ codap.replies.size }}{{ params.size }}{{ params[item] }}{{ codap.complete.x }}'],
  ['{{ itm }}{{ itm.a }}{% if itm %}{% endif %}', `1:4: nothing is named itm; there are: ${THERE}`],
  ['{{ "a" | append: itm }}', `1:18: nothing is named itm; there are: ${THERE}`],
  ['{{ "a" | default: 1, b: itm }}', `1:25: nothing is named itm; there are: ${THERE}`],
  ['{{ item[itm] }}', `1:9: nothing is named itm; there are: ${THERE}`],
  ['{{ (1..itm) }}', `1:8: nothing is named itm; there are: ${THERE}`],
  ['{% if item and itm == 1 %}{% endif %}', `1:16: nothing is named itm; there are: ${THERE}`],
  ['{% case item %}{% when itm %}{% endcase %}', `1:24: nothing is named itm; there are: ${THERE}`],
  ['{{ true }}{{ nil.x }}{{ "a".size }}{{ 1 }}{{ item | default: empty }}{{ (1..3).first }}'],
  ['{% assign a = item %}{{ a.b }}{% capture b %}{% endcapture %}{{ b }}{% increment c %}{{ c }}'],
  ["{% capture 'a b' %}{% endcapture %}{{ ['a b'] }}{% decrement d %}{{ d }}"],
  ['{% for a in item reversed offset: continue limit: price %}{{ a.b }}{{ forloop.last }}{% endfor %}'],
  ['{% tablerow a in item cols: price %}{{ a }}{{ tablerowloop.col }}{% endtablerow %}'],
  ['{% block a %}{{ block.super }}{% endblock %}'],
  ['{% for a in itms %}{% endfor %}', `1:13: nothing is named itms; there are: a, forloop, ${THERE}`],
  ['{{ forloop.index }}', `1:4: nothing is named forloop; there are: ${THERE}`],
  ['{% assign params = item %}{{ params.any.thing }}'],
  ['{% raw %}{{ itm }}{% endraw %}{% comment %}{{ itm }}{% endcomment %}'],
  [`{{ ${'x'.repeat(100)} }}`, `1:4: nothing is named ${'x'.repeat(64)}…; there are: ${THERE}`],
])('what a page names and nothing gives is told: %.90s', async (template, ...warnings) => {
  expect(await warningsOf({ 'page.liquid': template })).toEqual([['b0', warnings.map((one) => `page.liquid:${one}`)]]);
});

it.each<[files: Record<string, string>, ...warnings: string[]]>([
  [{ 'page.liquid': '{% render "b.liquid" %}', 'b.liquid': '{{ item }}' }, 'b.liquid:1:4: nothing is named item'],
  [
    { 'page.liquid': '{% render "b.liquid", a: itm %}', 'b.liquid': '{{ a.x }}{{ b }}' },
    `page.liquid:1:26: nothing is named itm; there are: ${THERE}`,
    'b.liquid:1:13: nothing is named b; there are: a',
  ],
  [{ 'page.liquid': '{% render "b.liquid" for item as a, b: 1 %}', 'b.liquid': '{{ a }}{{ forloop.last }}{{ b }}' }],
  [{ 'page.liquid': '{% render "b.liquid" with item as a %}', 'b.liquid': '{{ a }}' }],
  [{ 'page.liquid': '{% render "b.liquid", params: item %}', 'b.liquid': '{{ params.any }}' }],
  [
    {
      'page.liquid': '{% for a in item %}{% include "b.liquid", b: 1 %}{% endfor %}{{ c }}',
      'b.liquid': '{{ a }}{{ b }}{{ item }}{{ forloop.last }}{% assign c = 1 %}',
    },
  ],
  [
    { 'page.liquid': '{% include "b.liquid" %}', 'b.liquid': '{{ params.idd }}' },
    'b.liquid:1:4: params has no idd; there are: id',
  ],
  [
    {
      'page.liquid': '{% include "b.liquid" %}{{ c }}',
      'b.liquid': '{% include "c.liquid" %}',
      'c.liquid': '{% assign c = item %}{{ d }}',
    },
    `c.liquid:1:25: nothing is named d; there are: c, ${THERE}`,
  ],
  [
    {
      'page.liquid': '{% layout "b.liquid", t: 1 %}{% block m %}{{ row }}{{ t }}{% endblock %}',
      'b.liquid': '{{ t }}{{ item }}{% for row in item %}{% block m %}{% endblock %}{% endfor %}',
    },
  ],
  [
    // Rendered here without it, and there with it.
    {
      'page.liquid': '{% render "b.liquid" %}{% render "b.liquid", a: 1 %}{% render "c.liquid" %}',
      'b.liquid': '{{ a }}',
      'c.liquid': '{{ a }}',
    },
    'c.liquid:1:4: nothing is named a',
  ],
  [
    {
      'page.liquid':
        '{% if item %}{% include "page.liquid" %}{% endif %}{% if price %}{% render "page.liquid", z: 1 %}{% endif %}{{ z }}',
    },
  ],
])('a file knows what those give that take it in: %j', async (files, ...warnings) => {
  expect(await warningsOf(files)).toEqual([['b0', warnings]]);
});

it('what stands in a file of several pages is told once, and only where none of them gives it', async () => {
  const files = {
    'a.liquid': '{% render "top.liquid", title: 1 %}',
    'b.liquid': '{% render "top.liquid" %}{{ x }}',
    'top.liquid': '{{ title }}{{ titel }}',
  };
  const a = ['top.liquid:1:15: nothing is named titel; there are: title'];
  const b = [`b.liquid:1:29: nothing is named x; there are: ${THERE}`];
  expect(await warningsOf(files, ['a.liquid', 'b.liquid', 'b.liquid'])).toEqual([
    ['b0', a],
    ['b1', b],
    ['b2', []],
  ]);
});

it('a file of several pages is given the members that any of them has', async () => {
  const typos = '{{ codap.compelte }}{{ params.idd }}{{ codap.replies.usr.ms }}';
  const files = { 'a.liquid': '{% include "top.liquid" %}', 'top.liquid': typos };
  const told = [
    'top.liquid:1:4: codap has no compelte; there are: complete, replies',
    'top.liquid:1:24: params has no idd; there are: id',
    'top.liquid:1:40: codap.replies has no usr; there are: item, price',
  ];
  expect(await warningsOf(files, ['a.liquid', 'a.liquid', 'top.liquid'])).toEqual([
    ['b0', told],
    ['b1', []],
    ['b2', []],
  ]);
});

it.each<[string, () => Record<string, string>, number]>([
  [
    'of very many in one file the first 100',
    () => ({
      'page.liquid': Array.from({ length: 10_000 }, (_, at) => `{% assign a${at} = 1 %}{{ b${at} }}`).join(''),
    }),
    100,
  ],
  [
    'none of a long chain of files',
    () =>
      Object.fromEntries(
        Array.from({ length: 400 }, (_, at) => [
          at === 0 ? 'page.liquid' : `f${at}.liquid`,
          `{% assign a${at} = 1 %}${at < 399 ? `{% include "f${at + 1}.liquid", b${at}: 1 %}` : ''}`,
        ]),
      ),
    0,
  ],
])('are told soon: %s', async (_what, files, count) => {
  const began = processorMs();
  const [[, told] = ['', []]] = await warningsOf(files());
  expect(told).toHaveLength(count);
  expect(processorMs() - began).toBeLessThan(2000);
});

it('the array patterns have results', async () => {
  await inFolder({ 'page.liquid': '{{ results[0].a }}{{ codap.replies[0].ms }}{{ item }}' }, async (folder) => {
    const pages = new PagesBelow(folder);
    await pages.open({ name: 'b', pattern: 'ordered', template: 'page.liquid', queries: [{}] });
    expect([...pages.warnings()]).toEqual([
      ['b', ['page.liquid:1:47: nothing is named item; there are: results, params, codap']],
    ]);
  });
});
