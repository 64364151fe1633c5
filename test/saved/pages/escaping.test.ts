import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse } from 'parse5';
import { describe, expect, it } from 'vitest';
import { linkOf } from '../../../src/saved/pages/safe-link.ts';
import { HOSTILE } from './hostile-values.ts';
import { encoded, page, rendererOf, textOf } from './rendering.ts';

/** What is left of a text in HTML and UTF-8, which have nothing for a null or half a pair. */
const shown = (value: string) => value.toWellFormed().replaceAll('\0', '\ufffd');

/** Says what each text of a tree is. */
type Expected = (text: string, place: string) => unknown;
interface Parsed {
  nodeName: string;
  tagName?: string;
  value?: string;
  attrs?: { name: string; value: string }[];
  childNodes?: Parsed[];
}

/** A tree as data: an element is its name, its attributes and what it holds. */
function tree(node: Parsed, expected: Expected, within = ''): unknown {
  if (node.value !== undefined) return expected(node.value, within);
  return [
    node.nodeName,
    (node.attrs ?? []).map(({ name, value }) => [name, expected(value, name)]),
    // A text that is empty is no node.
    (node.childNodes ?? []).map((child) => tree(child, expected, node.tagName)).filter((part) => part !== ''),
  ];
}

const treeOf = (html: string, expected: Expected) => tree(parse(html), expected);
const read: Expected = (text, place) => (place === 'script' ? (JSON.parse(text) as unknown) : text);

/** What stands in a page for a harmless value, where another one was asked for. */
const insteadOf =
  (value: string): Expected =>
  (text, place) => {
    if (place === 'script') return value;
    if (place === 'href' || place === 'src')
      return text === 'VALUE'
        ? shown(linkOf(value))
        : text.replace('VALUE', () => encodeURIComponent(value.toWellFormed()));
    return text.replace('VALUE', () => shown(value));
  };

const document = readFileSync(new URL('../../../docs/pages.md', import.meta.url), 'utf8');
const positions = Array.from(document.matchAll(/```html position\n([\s\S]+?)```/g), ([, template]) => template!);
const others = [
  '<p>{% assign x = value %}{{ x }}</p>',
  '<p>{% echo value %}</p>',
  '<p>{% liquid\n echo value\n %}</p>',
  '<p>{% cycle value %}</p>',
  '<p>{{ value | default: "" }}</p><p>{{ nothing | default: value }}</p>',
  '<p>{{ value | escape }}</p>',
  '<p>{% capture x %}{{ value }}{% endcapture %}{{ x | raw }}</p>',
  '<p>{% for x in list %}{{ x }}{% endfor %}</p>',
  '<p>{% for pair in keyed %}{{ pair[0] }}{% endfor %}</p>',
  '<table>{% tablerow x in list cols: 1 %}{{ x }}{% endtablerow %}</table>',
  '<p>{% case 1 %}{% when 1 %}{{ value }}{% endcase %}</p>',
  '<p>{% render "part.liquid", value: value %}|{% include "part.liquid" %}</p>',
  '{% layout "layout.liquid" %}{% block main %}{{ value }}{% endblock %}',
  '<p>{{ list | join: "" }}|{{ list | first }}|{{ objects | map: "a" | last }}</p>',
  '<p>{{ "" | append: value }}|{{ "x" | replace: "x", value }}</p>',
  '<p>{{ "" | prepend: value | append: "" }}</p>',
];

/** Each third of those that are short: what they come to does not depend on how they were handed on. */
const FEW = HOSTILE.filter((value, at) => at % 3 === 0 && value.length < 1000);

describe('a hostile value is exactly this text, and nothing else of the page changes', () => {
  it('in a corpus of hostile values, and in every position that the documents show', () => {
    expect(HOSTILE.length).toBeGreaterThan(60);
    expect(new Set(HOSTILE).size).toBe(HOSTILE.length);
    expect(positions.length).toBeGreaterThanOrEqual(9);
  });

  it.each([...positions, ...others])('%s', async (template) => {
    const files = { 'part.liquid': '{{ value }}', 'layout.liquid': '<p>{% block main %}{% endblock %}</p>' };
    const render = await rendererOf(template, files);
    const over = (value: string) => render({ value, list: [value], keyed: { [value]: 1 }, objects: [{ a: value }] });
    const harmless = await over('VALUE');
    for (const value of others.includes(template) ? FEW : HOSTILE) {
      const html = Buffer.from(await over(value)).toString();
      const expected = treeOf(harmless, allOf(insteadOf(value)));
      expect(treeOf(html, read), JSON.stringify(value.slice(0, 80))).toEqual(expected);
    }
  });

  it('any JSON in a script is that JSON', async () => {
    const render = await rendererOf('<script type="application/json">{{ value | json }}</script>');
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (made) => {
        // JavaScript writes no -0.
        const value: unknown = JSON.parse(JSON.stringify(made));
        const html = await render({ value });
        expect(treeOf(html, read)).toEqual(
          treeOf('<script type="application/json">0</script>', (text, place) => (place === 'script' ? value : text)),
        );
      }),
      { numRuns: 100 },
    );
  });
});

/** Every occurrence in a text stands for the value. */
function allOf(expected: Expected): Expected {
  return (text, place) => {
    const parts = text.split('VALUE');
    if (parts.length < 3 || place === 'script') return expected(text, place);
    return parts.slice(1).reduce((whole, part) => whole + String(expected('VALUE', place)) + part, parts[0]!);
  };
}

describe('a text that is escaped in parts is escaped as a whole would be', () => {
  const LINES = '\r\n\r\r\n\n\u{1f600}<';
  const BREAKS = '<br>\n&#13;<br>\n<br>\n\u{1f600}&lt;';
  it.each(Array.from(LINES, (_, at) => at))('where it is cut behind %i characters of it', async (at) => {
    const render = await rendererOf('{{ text | newline_to_br }}');
    for (const parts of [1, 2]) {
      const before = 'x'.repeat(parts * 65_536 - at);
      expect(await render({ text: before + LINES + LINES })).toBe(before + BREAKS + BREAKS);
    }
  });
});

describe('what filters and tags write is escaped, unless the template says raw', () => {
  const value = `<b>"it's" & so</b>`;
  const escaped = '&lt;b&gt;&#34;it&#39;s&#34; &amp; so&lt;/b&gt;';
  const LISTED = `[&#34;${escaped.replaceAll('&#34;', '\\&#34;')}&#34;]`;
  it.each([
    ['{{ value }}', escaped],
    ['{{ value | raw }}', value],
    ['{{ value | raw | upcase }}', '&lt;B&gt;&#34;IT&#39;S&#34; &amp; SO&lt;/B&gt;'],
    ['{{ value | escape }}', escaped],
    ['{{ value | escape_once }}', escaped],
    ['{{ value | escape | escape_once }}', escaped],
    ['{{ "&lt;b&gt; &amp;amp;" | escape_once }}', '&lt;b&gt; &amp;amp;'],
    ['{{ value | escape | append: "<i>" }}', `${escaped.replaceAll('&', '&amp;')}&lt;i&gt;`],
    ['{{ value | newline_to_br }}', escaped],
    ['{{ "<a>\r\n<b>" | newline_to_br }}', '&lt;a&gt;<br>\n&lt;b&gt;'],
    ['{{ value | strip_html }}', '&#34;it&#39;s&#34; &amp; so'],
    ['{{ "<<b>script>" | strip_html }}', 'script&gt;'],
    ['{{ value | url_encode }}', '%3Cb%3E%22it&#39;s%22%20%26%20so%3C%2Fb%3E'],
    ['{{ value | url_encode | url_decode }}', escaped],
    ['{{ "%zz+" | url_decode }}', '%zz+'],
    ['{{ value | json }}', '"\\u003cb\\u003e\\"it\\u0027s\\" \\u0026 so\\u003c/b\\u003e"'],
    ['{{ value | json | append: "" }}', '&#34;\\u003cb\\u003e\\&#34;it\\u0027s\\&#34; \\u0026 so\\u003c/b\\u003e&#34;'],
    ['{% assign x = value | raw %}{{ x }}', escaped],
    ['{% assign x = value %}{{ x }}', escaped],
    ['{% capture x %}{{ value | raw }}{% endcapture %}{{ x }}', escaped],
    ['{% echo value %}', escaped],
    ['{% echo value | raw %}', value],
    ['{% liquid\n echo value\n echo value | raw\n%}', escaped + value],
    ['{% raw %}{{ value }}{% endraw %}', '{{ value }}'],
    ['{% cycle value, "x" %}', escaped],
    ['{% cycle value: "<", "x" %}', '&lt;'],
    ['{% increment value %}{% increment value %}{% decrement other %}', '01-1'],
    ['{% tablerow x in (1..2) cols: value %}{{ value }}{% endtablerow %}', undefined],
    [
      '{% tablerow x in list cols: 1 %}{{ x }}{% endtablerow %}',
      `<tr class="row1"><td class="col1">${escaped}</td></tr>`,
    ],
    ['{{ list }}', LISTED],
    ['{{ list | raw }}', JSON.stringify([value])],
    ['{{ list | join }}', escaped],
    ['{{ list | escape }}', LISTED],
    ['{{ list | escape_once }}', LISTED],
    ['{{ list | newline_to_br }}', LISTED],
    ['{{ list | url }}', LISTED],
    ['{{ list | url_decode }}', LISTED],
    ['{{ list | url_encode | url_decode }}', LISTED],
    ['{{ nothing | url_encode }}{{ nothing | newline_to_br }}', ''],
    ['{{ 7 | url_encode }}{{ true | newline_to_br }}', '7true'],
    ['{{ value | truncate: 5 }}', '&lt;b...'],
    ['{{ value | date: "%Y" }}', escaped],
    ['{{ "2026-01-02" | date: value }}', escaped],
    ['{{ value | base64_encode }}', Buffer.from(value).toString('base64')],
    [
      '{% layout "l.liquid" %}{% block a %}{{ block.super }}{{ block.super | raw }}{% endblock %}',
      `${escaped.replaceAll('&', '&amp;')}${escaped}`,
    ],
  ])('%s', async (template, html) => {
    const files = { 'l.liquid': '{% block a %}{{ value }}{% endblock %}' };
    const text = await page(template, { value, list: [value] }, { files });
    if (html === undefined) expect(text).not.toMatch(/<(?!\/?t[rd][ >])/);
    else expect(text).toBe(html);
  });
});

it.each([
  ['https://a.example/?b=1', true],
  ['http://a.example', true],
  ['HTTPS://A.EXAMPLE', true],
  ['mailto:a@b.example', true],
  ['/a/b?c#d', true],
  ['a:b', false],
  ['./a:b', true],
  ['?a=javascript:1', true],
  ['#x', true],
  ['', true],
  ['//a.example', true],
  ['javascript:alert(1)', false],
  ['\u0001 java\nscript:alert(1)', false],
  ['data:image/png;base64,AA', false],
  ['tel:1', false],
  ['https://[', false],
])('url lets %j through: %s', async (url, isLink) => {
  expect(linkOf(url)).toBe(isLink ? url : 'about:invalid');
});

it('a page says by its policy that no script runs, unless the batch sets another', async () => {
  const headers = async (csp?: string) => (await encoded('x', { queries: {} }, { csp }))?.headers;
  expect(await headers()).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; img-src * data:; form-action 'self'; base-uri 'none'",
  });
  expect(await headers("default-src 'self'")).toMatchObject({ 'content-security-policy': "default-src 'self'" });
  expect(textOf(await encoded('x', { queries: {} }))).toBe('x');
});
