import { describe, expect, it } from 'vitest';
import { BLOCKS, TAGS } from '../../../src/saved/pages/engine.ts';
import { GOES_ON } from '../../../src/saved/pages/broken-blocks.ts';
import { TemplateError, Templates } from '../../../src/saved/pages/templates.ts';
import { inFolder, page } from './rendering.ts';

/** What is wrong with a template, beside which there is another. */
function faultsOf(template: string): Promise<readonly string[]> {
  return inFolder({ 'page.liquid': template, 'f.liquid': '' }, async (folder) => {
    try {
      await new Templates(folder).parse('page.liquid');
      return [];
    } catch (error) {
      expect(error).toBeInstanceOf(TemplateError);
      return (error as TemplateError).faults;
    }
  });
}

/** A template without its mark, and the line and column of that. */
function unmarked(marked: string): { template: string; at: string } {
  const [before = '', ...after] = marked.split('¦');
  expect(after).toHaveLength(1);
  const lines = before.split('\n');
  return { template: before + after.join(''), at: `page.liquid:${lines.length}:${lines.at(-1)!.length + 1}` };
}

const FILTER = 'expected "|" before a filter';
const VALUE = `${FILTER}, or an operator such as ==`;
const ARGUMENT = 'expected "," before an argument, or "|" before a filter';
const COLON = 'expected ":" before the arguments of a filter';
const LOOP = 'allowed here: reversed, limit, offset';
const ROWS = 'allowed here: cols, limit, offset';
const NAMED = 'expected a name, ":" and a value';
const GIVEN = 'expected ":"';
const RANGE = 'expected ".."; in parentheses stands a range, such as (1..5), and nothing else';

/** Where a filtered value stands, whatever its tag. */
const FILTERED: [tag: string, write: (value: string) => string][] = [
  ['output', (value) => `{{ ${value} }}`],
  ['output', (value) => `{{-${value}-}}`],
  ['assign', (value) => `{% assign a = ${value} %}`],
  ['assign', (value) => `{%- assign a=${value}-%}`],
  ['echo', (value) => `{% echo ${value} %}`],
  ['if', (value) => `{% if ${value} %}{% endif %}`],
  ['elsif', (value) => `{% if a %}{% elsif ${value} %}{% endif %}`],
  ['unless', (value) => `{% unless ${value} %}{% endunless %}`],
  ['case', (value) => `{% case ${value} %}{% when 1 %}{% endcase %}`],
  ['cycle', (value) => `{% cycle ${value} %}`],
  ['cycle', (value) => `{% cycle 'group': 1, ${value} %}`],
  ['liquid', (value) => `{% liquid\n  assign a = 1\n  echo ${value}\n%}`],
  ['within blocks', (value) => `{% for a in b %}{% if a %}{{ ${value} }}{% endif %}{% endfor %}`],
];

const FILTERED_WRONG: [value: string, detail: string][] = [
  ['x ¦url', FILTER],
  ['x ¦json', FILTER],
  ['x.y[0] ¦upcase | url', FILTER],
  ['x | upcase ¦url', COLON],
  ['x ¦y', VALUE],
  ['x ¦"text"', VALUE],
  ['1 ¦2', VALUE],
  ['x == 1 ¦y', VALUE],
  ['x ¦.y', VALUE],
  ['x ¦! y', VALUE],
  ['x ¦& y', VALUE],
  ['x ¦= 1', 'values are compared by =='],
  ['x ==¦', 'expected a value'],
  ['¦== x', 'expected a value'],
  ['x and ¦| upcase', 'expected a value'],
  ['x == ¦not y', 'expected a value'],
  ['x or ¦and y', 'expected a value'],
  ['¦| upcase', 'expected a value'],
  ['x |¦', 'expected the name of a filter'],
  ['x | ¦| upcase', 'expected the name of a filter'],
  ['x | append:¦', 'expected a value'],
  ['x | append: "a",¦', 'expected a value'],
  ['x | append: ¦, "a"', 'expected a value'],
  ['x | append ¦"a"', COLON],
  ['x | append ¦= "a"', COLON],
  ['x | slice: 1 ¦2', ARGUMENT],
  ['x | slice: 1, 2 ¦3', ARGUMENT],
  ['x | default: 1, allow_false:¦', 'expected a value'],
  ['x | default: 1, allow_false: true ¦false', ARGUMENT],
  ['x | upcase ¦) y', COLON],
  ['x[¦]', 'expected a value'],
  ['x[a ¦b]', 'expected "]"'],
  ['x[a ¦| first]', 'expected "]"'],
  ['x.¦', 'expected a name'],
  ['(x¦)', RANGE],
  ['(x¦) and (y)', RANGE],
  ['(1 ¦== 1)', RANGE],
  ['(1..¦)', 'expected a value'],
  ['(1..2 ¦3)', 'expected ")"'],
];

describe.each(FILTERED)('in %s, which is read to its end', (_, write) => {
  it.each(FILTERED_WRONG)('%s is told with its place', async (value, detail) => {
    const { template, at } = unmarked(write(value));
    expect(await faultsOf(template)).toEqual([`${at}: ${detail}`]);
  });
});

const TAGS_WRONG: [template: string, detail: string][] = [
  ['{{ ¦}}', 'expected a value'],
  ['{% assign a ¦x url %}', 'expected "="'],
  ['{% assign ¦= 2 %}', 'expected a name'],
  ['{% assign a¦.b = 2 %}', 'expected "="'],
  ['{% assign a = ¦"x %}', 'the text that begins here has no second quote'],
  ['{% block ¦main-nav %}{% endblock %}', 'expected a name of letters, digits and _, or none'],
  ['{% block ¦a b %}{% endblock %}', 'expected a name of letters, digits and _, or none'],
  ['{% block a %}{% endblock ¦a %}', 'expected nothing behind endblock'],
  ['{% for a in b %}{% break ¦a %}{% endfor %}', 'expected nothing behind break'],
  ['{% for a in b %}{% continue ¦if a %}{% endfor %}', 'expected nothing behind continue'],
  ['{% capture¦ %}{% endcapture %}', 'expected a name'],
  ['{% capture a ¦b %}{% endcapture %}', 'expected nothing behind capture'],
  ['{% capture a ¦| url %}{% endcapture %}', 'expected nothing behind capture'],
  ['{% capture a %}{% endcapture ¦a %}', 'expected nothing behind endcapture'],
  ['{% case a ¦b %}{% when 1 %}{% endcase %}', VALUE],
  ['{% case a %}{% when 1 ¦2 %}{% endcase %}', 'expected "," or "or" before another value'],
  ['{% case a %}{% when "b" ¦| upcase %}{% endcase %}', 'expected "," or "or" before another value'],
  ['{% case a %}{% when 1 or¦ %}{% endcase %}', 'expected a value'],
  ['{% case a %}{% when 1,¦ %}{% endcase %}', 'expected a value'],
  ['{% case a %}{% when¦ %}{% endcase %}', 'expected a value'],
  ['{% case a %}{% else ¦b %}{% endcase %}', 'expected nothing behind else'],
  ['{% case a %}{% else %}¦{% when 1 %}{% endcase %}', 'when is expected before else'],
  ['{% case a %}{% else %}¦{% else %}{% endcase %}', 'else is expected before else'],
  ['{% case a %}{% when 1 %}{% endcase ¦a %}', 'expected nothing behind endcase'],
  ['{% comment %}{{ a b }}{% endcomment ¦a %}', 'expected nothing behind endcomment'],
  ['{% cycle "a" ¦"b" %}', VALUE],
  ['{% cycle "a",¦ %}', 'expected a value'],
  ['{% cycle¦ %}', 'expected a value'],
  ['{% cycle "a": "b"¦: "c" %}', VALUE],
  ['{% decrement¦ %}', 'expected a name'],
  ['{% decrement a ¦b %}', 'expected nothing behind decrement'],
  ['{% increment¦ %}', 'expected a name'],
  ['{% increment a ¦by: 2 %}', 'expected nothing behind increment'],
  ['{% for a in x limit ¦1 %}{% endfor %}', GIVEN],
  ['{% for a in x ¦reverse %}{% endfor %}', LOOP],
  ['{% for a in x ¦sort %}{% endfor %}', LOOP],
  ['{% for a in x ¦| sort %}{% endfor %}', LOOP],
  ['{% for a in x ¦cols: 2 %}{% endfor %}', LOOP],
  ['{% for a in x reversed¦: true %}{% endfor %}', LOOP],
  ['{% for a in x limit: 1, ¦, offset: 2 %}{% endfor %}', LOOP],
  ['{% for a in x limit: 1 ¦limit: 2 %}{% endfor %}', 'this name is given twice'],
  ['{% for a in x limit:¦ %}{% endfor %}', 'expected a value'],
  ['{% for a in x limit: 1 ¦| plus: 1 %}{% endfor %}', LOOP],
  ['{% for a in¦ %}{% endfor %}', 'expected a value'],
  ['{% for a ¦of x %}{% endfor %}', 'expected "in"'],
  ['{% for a in x %}{% else ¦if b %}{% endfor %}', 'expected nothing behind else'],
  ['{% for a in x %}{% else %}¦{% else %}{% endfor %}', 'else is expected before else'],
  ['{% for a in x %}{% endfor ¦a %}', 'expected nothing behind endfor'],
  ['{% if a %}{% else ¦if b %}{% endif %}', 'expected nothing behind else'],
  ['{% if a %}{% else %}¦{% elsif b %}{% endif %}', 'elsif is expected before else'],
  ['{% if a %}{% else %}¦{% else %}{% endif %}', 'else is expected before else'],
  ['{% if a %}{% endif ¦a %}', 'expected nothing behind endif'],
  ['{% if¦ %}{% endif %}', 'expected a value'],
  ['{% unless a %}{% else %}¦{% elsif b %}{% endunless %}', 'elsif is expected before else'],
  ['{% unless a %}{% else %}¦{% else %}{% endunless %}', 'else is expected before else'],
  ['{% unless a %}{% endunless ¦a %}', 'expected nothing behind endunless'],
  ['{% include "f.liquid" item¦.sku %}', GIVEN],
  ['{% include "f.liquid", a ¦item.sku %}', GIVEN],
  ['{% include "f.liquid" with a as ¦b %}', GIVEN],
  ['{% include "f.liquid" for ¦a %}', GIVEN],
  ['{% include "f.liquid" ¦| upcase %}', NAMED],
  ['{% layout "f.liquid", a ¦item.sku %}', GIVEN],
  ['{% layout "f.liquid", a: 1 ¦| plus: 1 %}', NAMED],
  ['{% render "f.liquid", a ¦item.sku %}', GIVEN],
  ['{% render "f.liquid", a¦= item.sku %}', GIVEN],
  ['{% render "f.liquid", a: ¦, b: 1 %}', 'expected a value'],
  ['{% render "f.liquid", a: b ¦| url %}', NAMED],
  ['{% render "f.liquid", a: 1, ¦a: 2 %}', 'this name is given twice'],
  ['{% render "f.liquid", with ¦a as b %}', GIVEN],
  ['{% render "f.liquid" with a as¦ %}', 'expected a name'],
  ['{% render "f.liquid" for a¦ %}', 'expected "as"'],
  ['{% render "f.liquid" for a as b ¦| sort %}', NAMED],
  ['{% tablerow a in x cols ¦2 %}{% endtablerow %}', GIVEN],
  ['{% tablerow a in x ¦reversed %}{% endtablerow %}', ROWS],
  ['{% tablerow a in x ¦| sort %}{% endtablerow %}', ROWS],
  ['{% tablerow a in x %}{% endtablerow ¦a %}', 'expected nothing behind endtablerow'],
  ['{% raw ¦a %}{{ a b }}{% endraw %}', 'expected nothing behind raw'],
  ['{% raw %}{{ a b }}{% endraw ¦a %}', 'expected nothing behind endraw'],
  ['{% liquid\n if a\n  echo b\n else ¦if b\n endif\n%}', 'expected nothing behind else'],
  ['{% liquid\n comment\n  echo b c\n endcomment\n for a in x ¦reverse\n endfor\n%}', LOOP],
  [`¦{{ x${'['.repeat(100_000)} }}`, 'is nested too deep'],
];

describe('what a tag holds is read to its end', () => {
  it.each(TAGS_WRONG)('%.80s', async (marked, detail) => {
    const { template, at } = unmarked(marked);
    expect(await faultsOf(template)).toEqual([`${at}: ${detail}`]);
  });

  it('of every tag that there is, but for those that hold anything, and tags', () => {
    const told = [...FILTERED.map(([, write]) => write('¦x')), ...TAGS_WRONG.map(([marked]) => marked)];
    const names = new Set(
      told.map((marked) => /(?:\{%-?|\n) *([a-z]+)[^%\n]*(?:¦|$)/.exec(marked.split('¦')[0]!)?.[1]),
    );
    const all = [...TAGS, ...GOES_ON, ...[...BLOCKS].map((name) => `end${name}`)];
    expect(all.filter((name) => !names.has(name))).toEqual(['#', 'comment', 'liquid']);
  });

  it('as often as it is wrong', async () => {
    expect(
      await faultsOf('{{ a b }}{% if c d %}{{ e | nope }}{% endif %}\n{% for x in y reverse %}{{ x z }}{% endfor %}'),
    ).toEqual([
      `page.liquid:1:6: ${VALUE}`,
      `page.liquid:1:18: ${VALUE}`,
      expect.stringMatching(/^page\.liquid:1:22: there is no filter nope;/) as string,
      `page.liquid:2:15: ${LOOP}`,
      `page.liquid:2:30: ${VALUE}`,
    ]);
  });
});

it.each<[template: string, html: string]>([
  ['{{a|upcase|append:"b"}}', 'Ab'],
  ['{{-  a\n  | upcase\n  | append : "b" -}}', 'Ab'],
  ["{{ 'it\\'s | x' | size }}{{ \"}}\" }}", '8}}'],
  ['{{ "a" | append: \'"b"\' }}', 'a&#34;b&#34;'],
  ['{{ o["k"] }}{{ o[ \'k\' ] }}{{ l[o.i] }}{{ l[ -1 ].x }}{{ ["a"] }}', 'vv2a'],
  ['{{ l.first }}{{ (1..3).last }}{{ ( 1 .. 3 ) | join : "" }}{{ 1.5 }}{{ +2 }}{{ -2 }}', '131231.52-2'],
  ['{{ a == "a" }}{{ not n }}{{ a != "b" and not n }}{{ l contains 2 }}{{ not not n }}', 'truetruetruetruefalse'],
  ['{{ n | default: false, allow_false : true }}{{ l | slice:0,1 }}{{ l | slice : 1 , 1 | join }}', 'false[1]2'],
  ['{%- if a=="a"or n -%}y{%- elsif a -%}n{%- else -%}n{%- endif -%}', 'y'],
  ['{%if not a or l.size>1%}y{%endif%}{% unless a\n==\n"b" %}y{% else %}n{% endunless %}', 'yy'],
  ['{%case a%}\n{%when"b","c"or"a"%}y{%else%}n{%endcase%}', 'y'],
  ['{% for x in l reversed limit:1 offset : 1 %}{{ x }}{% endfor %}', '2'],
  ['{% for x in l, limit: 1, reversed %}{{ x }}{% else %}n{% endfor %}', '1'],
  ['{%for x in(1..2)%}{%cycle"a","b"%}{%cycle \'g\' : 1 , 2 | plus: 1%}{%endfor%}', 'a1b3'],
  ['{% for x in l limit: 1 %}{% endfor %}{% for x in l offset:continue %}{{ x }}{% break %}{% endfor %}', '2'],
  ['{% tablerow x in l cols:2 limit:1 %}{{ x }}{% endtablerow %}', '<tr class="row1"><td class="col1">1</td></tr>'],
  ['{% assign x=a|upcase %}{%assign y = l | where: "k"%}{% assign z-1 = x == "A" %}{{ x }}{{ z-1 }}', 'Atrue'],
  ["{% capture x %}{{ a }}{% endcapture %}{% capture 'y z' %}b{% endcapture %}{{ x }}{{ ['y z'] }}", 'ab'],
  ['{% increment c %}{%increment c%}{% decrement d %}', '01-1'],
  ["{% render 'f.liquid' %}{% render \"f.liquid\", x: a, y : 1, %}{% render 'f.liquid' x:a y:o.i %}", '[][a1][a1]'],
  ["{% render 'f.liquid' with a as x, y: 2 %}{% render 'f.liquid' for l as x y:3 %}", '[a2][13][23]'],
  ["{% render 'f.liquid',\n  x: a,\n  y: 'with'\n%}{% render 'f.liquid', with: 1, for: 2, x: 3 %}", '[awith][3]'],
  ["{% include 'f.liquid' with a, x: 1 %}{% include 'f.liquid' x: 2 %}{% include 'f.liquid', with: 1 %}", '[1][2][]'],
  ["{% layout 'g.liquid' x: a %}{% block m %}b{{ block.super | raw }}{% endblock %}", '<ba>a'],
  ["{% layout 'g.liquid', x: 1 %}{%- block 'm' -%} c {%- endblock -%}", '<c>1'],
  ['{% comment %}{{ a b }}{% if %}{% endcomment %}{% comment any words | at all %}{% endcomment %}y', 'y'],
  ['{% # any words | at all\n # and more %}{%- # x -%}y', 'y'],
  ['{% raw %}{{ a b }}{% for %}{% endraw %}', '{{ a b }}{% for %}'],
  ['{% echo a %}{% echo %}{%echo a|upcase%}', 'aA'],
  [
    '{% liquid\n  # any words | at all\n\n  assign x = a | upcase\n  if x\n    echo x\n  else\n    echo n\n  endif\n  for i in l reversed\n    echo i\n  endfor\n  comment\n    a b c\n  endcomment\n%}',
    'A21',
  ],
  ['{%- liquid\n echo a -%}', 'a'],
  ['{% if a %}\r\n{{ a }}\t{%\tendif\r\n%}', '\r\na\t'],
  ['{{ orders }}{{ nothing }}{{ trueish }}{{ android.or }}{{ q? }}{{ é }}{{ a-b }}{{ _1 }}', ''],
])('%s is no fault, however it is spelled', async (template, html) => {
  const files = { 'f.liquid': '[{{ x }}{{ y }}]', 'g.liquid': '<{% block m %}{{ x }}{% endblock %}>{{ x }}' };
  expect(await page(template, { a: 'a', n: null, l: [1, 2], o: { k: 'v', i: 1 } }, { files })).toBe(html);
});
