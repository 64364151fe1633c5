import { Long } from 'bson';
import { Drop } from 'liquidjs';
import { describe, expect, it } from 'vitest';
import { Digits } from '../../../src/json/leaf.ts';
import { operators } from '../../../src/saved/pages/comparisons.ts';
import { PagesBelow } from '../../../src/saved/pages/open-page.ts';
import { RESERVED } from '../../../src/saved/pages/page-context.ts';
import { q } from '../../batch/simulated.ts';
import { encoded, inFolder, page, textOf } from './rendering.ts';

const written = async (template: string, body: object, pattern: 'kv' | 'ordered' | 'first-reply' = 'kv') =>
  textOf(await encoded(template, body, { pattern }));

describe('the values of a page', () => {
  it('are those of each key of a KV: nil where it failed or is hidden, its default where it has one', async () => {
    const queries = {
      ok: q({ value: 'A' }),
      failed: q({ fail: 'UNAVAILABLE' }),
      hidden: q({ value: 'secret' }, { hidden: true }),
      defaulted: q({ fail: 'TIMEOUT' }, { default: { value: 'D' } }),
      skipped: q({ value: 'S' }, { when: false }),
    };
    const template =
      '{{ ok }}|{{ failed }}|{{ hidden }}|{{ defaulted | json }}|{{ skipped }}|{% unless failed %}none{% endunless %}';
    expect(await written(template, { queries })).toBe('A|||{"value":"D"}||none');
  });

  it('are an object or a list of a group, and a list of a forEach', async () => {
    const queries = {
      named: { pattern: 'kv', queries: { a: q({ value: 1 }), b: q({ fail: 'TIMEOUT' }) } },
      listed: { pattern: 'ordered', queries: [q({ value: 1 }), q({ value: 2 })] },
      each: q({ value: { $item: '' } }, { forEach: ['x', 'y'] }),
    };
    expect(await written('{{ named | json }} {{ listed | json }} {{ each | json }}', { queries })).toBe(
      '{"a":1,"b":null} [1,2] ["x","y"]',
    );
  });

  it('are a list, `results`, in the array patterns', async () => {
    const queries = [q({ value: 'slow', ms: 20 }), q({ fail: 'NOT_FOUND' }), q({ value: 'fast' })];
    const template = '{% for x in results %}[{{ x }}]{% endfor %}{{ codap.replies[1].error.code }}';
    expect(await written(template, { queries }, 'ordered')).toBe('[slow][][fast]NOT_FOUND');
    expect(await written('{{ results | json }}', { queries, take: 1 }, 'first-reply')).toBe('["fast"]');
  });

  it('stand beside what became of each query', async () => {
    const queries = { a: q({ value: 1 }), b: q({ fail: 'TIMEOUT' }) };
    const template =
      '{{ codap.complete }} {{ codap.replies.a.status }} {{ codap.replies.a.value }} {{ codap.replies.b.error.code }}';
    expect(await written(template, { queries })).toBe('false ok 1 TIMEOUT');
    expect(await written('{{ codap.complete }}', { queries: { a: q({ value: 1 }) } })).toBe('true');
    expect(await written('{% for pair in codap.replies %}{{ pair[0] }}{% endfor %}', { queries })).toBe('ab');
  });

  it.each(RESERVED)('are not there under %s, which no key of a batch with a template may be', async (name) => {
    const shown = page(`{{ ${name} }}{{ ${name}.x }}`, { [name]: { x: 'data' } });
    if (Object.hasOwn(operators, name)) await expect(shown).rejects.toThrow('expected a value');
    else expect(await shown).not.toContain('data');
    await inFolder({ 'page.liquid': '' }, async (folder) => {
      const said = {
        name: 'one',
        template: 'page.liquid',
        pattern: 'kv' as const,
        queries: { [name]: q({}), fine: q({}) },
      };
      const { faults } = await new PagesBelow(folder).open(said);
      expect(faults.map(({ pointer }) => pointer)).toEqual([`#/queries/${name}`]);
    });
  });

  it('are there under every other word, and under what is none in brackets', async () => {
    const words = Object.keys(operators).filter((name) => /\w/.test(name));
    expect(RESERVED).toEqual(expect.arrayContaining(words));
    expect(
      await page('{{ android }} {{ empty-box }} {{ in }} {{ ["7"] }} {{ ["a b"].x }}', {
        android: 1,
        'empty-box': 2,
        in: 3,
        7: 4,
        'a b': { x: 5 },
      }),
    ).toBe('1 2 3 4 5');
  });
});

/** What JavaScript and LiquidJS give the objects that stand beside the data. */
const ADDED = 'prototype equals gt next i superBlockRender'
  .split(' ')
  .concat(...[Object.prototype, Drop.prototype].map((prototype) => Object.getOwnPropertyNames(prototype)));

describe('nothing that JavaScript adds is seen in', () => {
  const looked = (drop: string) =>
    ADDED.map((name) => `{{ ${drop}.${name} }}{% if ${drop}.${name} %}${name}{% endif %}{{ ${drop}.${name}.x }}`)
      .concat('{% for k in params.keys %}', `{{ ${drop}[k] }}{% if ${drop}[k] %}{{ k }}{% endif %}`, '{% endfor %}')
      .concat(`{% for k in params.keys %}{{ ${drop} | map: k | join }}{% if ${drop} %}`)
      .concat(`{{ ${drop} | where: k | join }}{{ ${drop} | find: k }}{% endif %}{% endfor %}`)
      .join('');
  it.each<[string, string, Readonly<Record<string, string>>?]>([
    ['codap', looked('codap')],
    ['codap, rendered', '{% render "in.liquid", codap: codap, params: params %}', { 'in.liquid': looked('codap') }],
    ['nil', looked('nil')],
    ['empty', looked('empty')],
    ['blank', looked('blank')],
    ['forloop', `{% for x in list %}${looked('forloop')}{% endfor %}`],
    ['forloop of render', '{% render "in.liquid" for list as x, params: params %}', { 'in.liquid': looked('forloop') }],
    ['tablerowloop', `{% tablerow x in list %}${looked('tablerowloop')}{% endtablerow %}`],
    ['block', `{% block main %}${looked('block')}{% endblock %}`],
    [
      'block within a layout',
      `{% layout "in.liquid" %}{% block main %}${looked('block')}{% endblock %}`,
      { 'in.liquid': '{% block main %}super{% endblock %}' },
    ],
  ])('%s', async (_, template, files = {}) => {
    const html = await page(template, { list: [1] }, { files, params: { keys: ADDED } });
    expect(html.replaceAll(/<\/?t[rd][^>]*>/g, '')).toBe('');
  });

  it('what is there', async () => {
    const template = `{% layout "in.liquid" %}{% block main %}{{ block.super }}|{% for x in list %}{{ forloop.index }}{{
      forloop.index0 }}{{ forloop.rindex }}{{ forloop.rindex0 }}{{ forloop.first }}{{ forloop.last }}{{ forloop.length }}{{
      forloop.name }}{% endfor %}|{% tablerow x in list %}{{ tablerowloop.row }}{{ tablerowloop.col }}{{
      tablerowloop.col0 }}{{ tablerowloop.col_first }}{{ tablerowloop.col_last }}{{ tablerowloop.cols }}{% endtablerow
      %}|{{ codap.complete }}{{ codap.replies.list.status }}{% endblock %}`;
    const files = { 'in.liquid': '{% block main %}super{% endblock %}' };
    expect(await page(template, { list: [7] }, { files })).toBe(
      'super|1010truetrue1x-list|<tr class="row1"><td class="col1">110truetrue1</td></tr>|trueok',
    );
  });
});

describe('a whole number beyond 2^53 is taken for its text, and stays a number in JSON', () => {
  const whole = (): Digits => new Digits('9007199254740993');
  const values = () => ({ p: { id: whole(), k: whole() }, list: [{ id: whole() }, { id: whole() }], ids: [whole()] });
  it.each([
    ['{% if p.id == "9007199254740993" %}yes{% endif %}', 'yes'],
    ['{% if "9007199254740993" == p.id %}yes{% endif %}', 'yes'],
    ['{% if p.id == p.k %}yes{% endif %}', 'yes'],
    ['{% if p.id != p.k or p.id == "9007199254740992" or p.id == nil or p.id == empty %}yes{% endif %}', ''],
    ['{% if empty == p.id or blank == p.id or nil == p.id or p.id == p %}yes{% endif %}', ''],
    ['{% case p.id %}{% when "9007199254740993" %}yes{% endcase %}', 'yes'],
    ['{% case p.id %}{% when 1, p.k %}yes{% endcase %}', 'yes'],
    ['{{ list | where: "id", p.id | size }}', '2'],
    ['{{ list | find_index: "id", "9007199254740993" }}', '0'],
    ['{% if ids contains p.id and ids contains "9007199254740993" %}yes{% endif %}', 'yes'],
    ['{{ list | map: "id" | uniq | size }}', '1'],
    ['{{ codap.replies.list.value | concat: list | map: "id" | uniq | size }}', '1'],
    ['{{ list | group_by: "id" | map: "name" | join }}', '9007199254740993'],
    ['{% if p.id contains "900" %}yes{% endif %}', 'yes'],
    ['{% if "id 9007199254740993" contains p.id %}yes{% endif %}', 'yes'],
    ['{{ p.id.size }} {{ p.id | size }} {{ p.id | first }} {{ p.id | last }}', '16 16 9 3'],
    ['{% for x in p.id %}{{ x }},{% endfor %}', '9007199254740993,'],
    ['{{ p.id.text }}{{ p.id.first }}{{ p.id.constructor }}{{ p.id.toLiquid }}', ''],
    [
      '{{ p.id | slice: 0, 3 }} {{ p.id | split: "00" | join }} {{ p.id | replace: p.k, "x" }}',
      '900 9 7199254740993 x',
    ],
    [
      '{{ p | json }} {{ ids | json }} {{ p.id | default: 1 | json }}',
      '{"id":9007199254740993,"k":9007199254740993} [9007199254740993] 9007199254740993',
    ],
    ['{{ p.id | plus: 1 }} {{ p.id | abs }} {{ ids | sum }}', '9007199254740992 9007199254740992 9007199254740992'],
    ['{{ p.id }} {{ ids | join }} {{ p.id | date }}', '9007199254740993 9007199254740993 9007199254740993'],
  ])('%s', async (template, text) => {
    expect(await page(template, values())).toBe(text);
  });
});

describe('an object with a `length` is no list to', () => {
  const values = { o: { length: 900_000_000, 0: 'z', '-1': 'y', 899_999_999: 'x', p: 1 } };
  it.each([
    ['{{ o | size }}', '0'],
    ['{{ o | first }}{{ o | last }}{{ o.first }}{{ o.last }}', ''],
    ['{{ o | slice: 0 }}', ''],
    ['{{ o | reverse | size }}{{ o | uniq | size }}{{ o | compact | size }}{{ o | concat: o | size }}', '1112'],
    ['{{ o | push: o | size }}{{ o | unshift: o | size }}{{ o | pop | size }}{{ o | shift | size }}', '2200'],
    [
      '{{ o | map: "p" | json }}{{ o | sum }}{{ o | sum: "p" }}{{ o | sort | size }}{{ o | sort_natural | size }}',
      '[1]0111',
    ],
    ['{{ o | where: "p" | size }}{{ o | find_index: "p" }}{{ o | has: "p" }}{{ o | reject: "p" | size }}', '10true0'],
    ['{{ o | group_by: 0 | size }}{{ o.size }}', '55'],
    ['{% for pair in o %}{{ pair[0] }},{% endfor %}', '0,899999999,length,-1,p,'],
    ['{% tablerow pair in o %}{{ pair[0] }}{% endtablerow %}', /^<tr class="row1"><td class="col1">0<.*p<\/td><\/tr>$/],
    ['{% if o contains "z" or o == empty %}yes{% endif %}{{ o | default: 1 | size }}', '0'],
    ['{{ o | join | size }}{{ o | date: o | size }}{{ "a" | truncate: 5, o }}', '00a'],
  ])('%s', async (template, text) => {
    expect(await page(template, values)).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  });
});

const MANY = Object.fromEntries(Array.from({ length: 17_000 }, (_, at) => [`k${at}`, at]));
const { length: LENGTH } = JSON.stringify(MANY);

it.each([
  ['{{ o.size }}', '17000'],
  ['{% if o == empty or o == blank %}empty{% endif %}{% if none == empty %}none{% endif %}', 'none'],
  ['{{ o | json | size }} {{ list | json | size }}', `${LENGTH} ${LENGTH + 2}`],
  ['{{ o | raw | size }} {{ o | url_decode | size }}', `${LENGTH} ${LENGTH}`],
  ['{{ list | where: "k9", 9 | size }}{{ o.k9 }}{{ o["k16999"] }}{{ o.nothing }}', '1916999'],
  ['{{ many | size }}{{ many.size }}', '0XL'],
])('an object of very many keys is measured and written: %s', async (template, text) => {
  const values = { o: MANY, list: [MANY], none: {}, many: { ...MANY, size: 'XL' } };
  expect(await page(template, values, { timeoutMs: 20_000 })).toBe(text);
});

it.each<[string, string, Record<string, unknown>, string | undefined]>([
  [
    'a whole number beyond 2^53 keeps its digits',
    '{{ a }} {{ a | json }} {{ a | append: "!" }}',
    { a: new Digits('12345678901234567890') },
    '12345678901234567890 12345678901234567890 12345678901234567890!',
  ],
  [
    'a Long of MongoDB is what JSON shows',
    '{{ a }} {{ a | json }}',
    { a: Long.fromString('9007199254740993') },
    '9007199254740993 "9007199254740993"',
  ],
  [
    'a number is compared by its digits',
    '{% if a > 5 %}more{% endif %}{{ a | minus: "12345678901234567890" }}',
    { a: new Digits('12345678901234567890') },
    'more0',
  ],
  [
    'a date is its text',
    '{{ a }} {{ a | date: "%d.%m.%Y %H:%M" }}',
    { a: new Date(0) },
    '1970-01-01T00:00:00.000Z 01.01.1970 00:00',
  ],
  [
    'keys keep their order, also those that look like integers',
    '{% for p in a %}{{ p[0] }}{{ p[1] }} {% endfor %}{{ a["2"] }} {{ a.size }} {{ a | json }}',
    {
      a: new Map<string, unknown>([
        ['z', 1],
        ['2', { b: 2 }],
        ['1', 3],
      ]),
    },
    'z1 2{&#34;b&#34;:2} 13 {&#34;b&#34;:2} 3 {"z":1,"2":{"b":2},"1":3}',
  ],
  [
    'an object has a size, of which the filter knows nothing',
    '{{ a.size }} {{ a | size }}',
    { a: { b: 1, c: 2 } },
    '2 0',
  ],
  [
    'an object of very many keys is as any other',
    '{{ a.size }} {{ a.k9 }} {% for p in a limit: 2 %}{{ p[0] }}{% endfor %}',
    { a: Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`k${at}`, at])) },
    '900 9 k0k1',
  ],
  [
    '`__proto__` and `constructor` are data where data has them',
    '{{ a.__proto__ }}{{ a.constructor }}{{ a["toString"] }}',
    { a: JSON.parse('{"__proto__":"p","constructor":"c","toString":"t"}') as unknown },
    'pct',
  ],
  [
    'and nothing where it has not',
    '[{{ a.__proto__ }}{{ a.constructor }}{{ a.toString }}{{ b.constructor }}{{ c.constructor.name }}{{ d.map }}{{ __proto__ }}{{ constructor }}]',
    { a: {}, b: 'text', c: 1, d: [] },
    '[]',
  ],
  [
    '`toString` and `valueOf` of data break nothing',
    '[{{ a | append: "x" }}{{ a | upcase }}{{ a | plus: 1 }}{{ l | join }}{% if a > 1 %}{% endif %}{{ a | date: "%Y" }}{{ l | sort | size }}]',
    { a: { toString: 1, valueOf: null }, l: [{ toString: 'x', valueOf: 1 }, { length: 5 }] },
    undefined,
  ],
  [
    'a key `size`, `first` or `last` of an object is data',
    '{{ a.size }}{{ a.first }}{{ a.last }}',
    { a: { size: 'XL', first: 1, last: 2 } },
    'XL12',
  ],
  [
    'size, first and last of lists and texts are theirs',
    '{{ a.size }}{{ a.first }}{{ a.last }}{{ b.size }}{{ c.size }}',
    { a: [7, 8], b: 'abc', c: { x: 1 } },
    '27831',
  ],
  [
    'nil and false are false, 0 and empty texts and lists are not',
    '{% for x in a %}{% if x %}1{% else %}0{% endif %}{% endfor %}{% if none %}1{% else %}0{% endif %}',
    { a: [null, false, true, 0, '', [], {}] },
    '00111110',
  ],
  [
    'an empty list or object equals empty',
    '{% if a == empty %}1{% endif %}{% if b == empty %}2{% endif %}{% if c != empty %}3{% endif %}',
    { a: [], b: {}, c: [0] },
    '123',
  ],
  ['a member of a list is found by its index', '{{ a[1] }}{{ a[-1] }}{{ a["0"] }}{{ a[9] }}', { a: ['x', 'y'] }, 'yyx'],
  [
    'lists are sorted, grouped and filtered by what is in them',
    '{{ a | sort: "n" | map: "t" | join }} {{ a | where: "n", 2 | map: "t" | join }} {{ a | group_by: "g" | map: "name" | join }} {{ a | sum: "n" }}',
    {
      a: [
        { n: 2, t: 'b', g: 1 },
        { n: 1, t: 'a', g: 1 },
        { t: 'c', g: 2 },
      ],
    },
    'a b c b 1 2 3',
  ],
  [
    'sort_natural looks past capital letters',
    '{{ a | sort_natural | join }}|{{ a | sort | join }}',
    { a: ['b', 'A', 'a', 'B'] },
    'A a b B|A B a b',
  ],
  [
    'one that is no list is sorted as a list of it, nil as an empty one',
    '{{ nil | sort | size }}{{ nothing | sort | size }}{{ "a" | sort | join }}{{ empty | sort_natural | join }}',
    {},
    '00a',
  ],
  [
    'what equals another is neither more nor less',
    '{% if 3 >= 3 %}1{% endif %}{% if 3 <= 3 %}2{% endif %}{% if 3 > 3 %}3{% endif %}{% if 3 < 3 %}4{% endif %}',
    {},
    '12',
  ],
  [
    'data is no template',
    '{{ a }}{{ l | where: a | size }}',
    { a: '{{ codap.complete }}', l: [{}] },
    '{{ codap.complete }}0',
  ],
])('%s', async (_, template, values, text) => {
  const html = await page(template, values);
  if (text !== undefined) expect(html).toBe(text);
});

/** What makes a text of a value, or compares it. */
const TEXTS_OF =
  '{{ v }}{{ v | append: "x" }}{{ v | upcase }}{{ v | plus: 1 }}{{ l | push: v | join }}{% if v > 1 %}{% endif %}{% if v contains "x" %}{% endif %}{{ l | push: v | sort | size }}{{ "a" | replace: "a", v }}{{ v | date: v }}';

it.each(['a', 'params', 'codap.replies', 'codap.replies.a.value'])(
  'keys that JavaScript asks for a text break nothing in %s',
  async (name) => {
    const keys = { toString: 'x', valueOf: ['y'], toJSON: 'z', toLiquid: 'v', next: 'u', throw: 't' };
    const values = { a: keys, l: [], toString: 1, valueOf: 2 };
    const text = await page(`{% assign v = ${name} %}[${TEXTS_OF}]`, values, { params: keys });
    expect(text).toMatch(/^\[\{&#34;/);
  },
);

it('a long list that is a parameter has no text, and stays as it was', async () => {
  const tags = Array.from({ length: 2000 }, () => 'tag');
  expect(await page('{{ params.tags | plus: 1 }}{{ params.tags.size }}', {}, { params: { tags } })).toBe('12000');
  expect(String(tags)).toContain('tag,tag');
});

it('what was asked with is at hand as params', async () => {
  expect(
    await page(
      '{{ params.id }} {% for x in params.tags %}{{ x }},{% endfor %}',
      {},
      { params: { id: '<7>', tags: ['a', 'b'] } },
    ),
  ).toBe('&lt;7&gt; a,b,');
});
