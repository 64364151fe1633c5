import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TAGS } from '../../../src/saved/pages/engine.ts';
import { pageFilters } from '../../../src/saved/pages/filters.ts';
import { TemplateError, Templates } from '../../../src/saved/pages/templates.ts';
import { inFolder, page, rendererOf } from './rendering.ts';

/** A template nested deeper than can be parsed. */
const NESTED = '{% if a %}'.repeat(60_000);

const MISSING = "the template cannot be read (ENOENT); names start at the configuration's folder";
const ENDS = 'endblock, endcapture, endcase, endcomment, endfor, endif, endraw, endtablerow, endunless';
const noTag = (name: string) =>
  `there is no tag ${name}; allowed here: ${[...TAGS].join(', ')}, else, elsif, when, ${ENDS}`;
const NO_FILTER = 'expected "|" before a filter, or an operator such as ==';
const noFilter = (name: string) => `there is no filter ${name}; allowed here: ${Object.keys(pageFilters).join(', ')}`;

/** The faults of a template with others beside it. */
async function faultsOf(file: string, folder: string): Promise<readonly string[]> {
  const error = await new Templates(folder).parse(file).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error === undefined) return [];
  expect(error).toBeInstanceOf(TemplateError);
  return (error as TemplateError).faults;
}

describe('a template is a file below the folder of the configuration', () => {
  let stop: () => void;
  let folder: string;
  let done: Promise<void>;
  beforeAll(async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    stop = resolve;
    const ready = Promise.withResolvers<string>();
    done = inFolder({ 'conf/page.liquid': 'x', 'conf/a/b.html': 'y', 'outside.liquid': 'secret' }, async (whole) => {
      const conf = join(whole, 'conf');
      await writeFile(join(conf, 'codap.yaml'), 'secret');
      await symlink('page.liquid', join(conf, 'inside.liquid'));
      await symlink('../outside.liquid', join(conf, 'out.liquid'));
      await symlink('codap.yaml', join(conf, 'config.liquid'));
      await symlink('..', join(conf, 'up'));
      await symlink('loop.liquid', join(conf, 'loop.liquid'));
      await mkdir(join(conf, 'folder.liquid'));
      execFileSync('mkfifo', [join(conf, 'pipe.liquid')]);
      await writeFile(join(conf, 'large.liquid'), 'x'.repeat(1_048_577));
      await writeFile(join(conf, 'latin.liquid'), Buffer.from([0xe4]));
      await writeFile(join(conf, 'bom.liquid'), '\ufeffx');
      ready.resolve(conf);
      await promise;
    });
    folder = await ready.promise;
  });
  afterAll(async () => {
    stop();
    await done;
  });

  it.each(['page.liquid', 'a/b.html', 'inside.liquid', 'bom.liquid'])('%s is one', async (name) => {
    expect(await faultsOf(name, folder)).toEqual([]);
  });

  const NAME = "a file *.liquid or *.html below the configuration's folder is allowed here";
  const LEADS = "the template leads out of the configuration's folder, or to another kind of file";
  it.each([
    ['codap.yaml', NAME],
    ['page', NAME],
    ['.liquid', NAME],
    ['', NAME],
    ['../outside.liquid', NAME],
    ['a/../page.liquid', NAME],
    ['./page.liquid', NAME],
    ['a//b.html', NAME],
    ['/etc/passwd', NAME],
    ['/tmp/x.liquid', NAME],
    ['a\\b.html', NAME],
    ['page.liquid\0.html', NAME],
    ['up/outside.liquid', LEADS],
    ['out.liquid', LEADS],
    ['config.liquid', LEADS],
    ['loop.liquid', 'the template cannot be read (ELOOP)'],
    ['missing.liquid', MISSING],
    ['page.liquid/x.liquid', 'the template cannot be read (ENOTDIR)'],
    ['folder.liquid', 'the template cannot be read (EISDIR)'],
    ['pipe.liquid', 'the template cannot be read (no ordinary file)'],
    ['large.liquid', 'the template cannot be read (more than 1048576 bytes)'],
    ['latin.liquid', 'the template is not UTF-8'],
  ])('%j is none', async (name, fault) => {
    expect(await faultsOf(name, folder)).toEqual([fault]);
    // What another one takes in is held to the same.
    if (/^$|[\0\\]/.test(name)) return;
    for (const tag of ['render', 'include', 'layout']) {
      await writeFile(join(folder, `${tag}s.liquid`), `\n  {% ${tag} "${name}" %}`);
      expect(await faultsOf(`${tag}s.liquid`, folder)).toEqual([
        `${tag}s.liquid:2:3: ${JSON.stringify(name)}: ${fault}`,
      ]);
    }
  });
});

it.each<[string, readonly string[]]>([
  ['{{ a | nope }}', [`page.liquid:1:1: ${noFilter('nope')}`]],
  ['{{ a | where_exp: "x", "x" }}', [`page.liquid:1:1: ${noFilter('where_exp')}`]],
  ['{{ a | sample }}', [`page.liquid:1:1: ${noFilter('sample')}`]],
  ['{% cycle secret | nope %}', [`page.liquid:1:1: ${noFilter('nope')}`]],
  ['\n\n  {% nope secret %}', [`page.liquid:3:3: ${noTag('nope')}`]],
  ['{% if secret %}\n{% elseif secret %}{% endif %}', [`page.liquid:2:1: ${noTag('elseif')}`]],
  ['{% if secret %}x{% endfi %}{% endif %}', [`page.liquid:1:17: ${noTag('endfi')}`]],
  ['{{ secret', ['page.liquid:1:1: what begins here is not closed']],
  ['{% secret', ['page.liquid:1:1: what begins here is not closed']],
  ['{% if secret %}', ['page.liquid:1:1: what begins here is not closed']],
  ['a\n{% for x in\nsecret %}', ['page.liquid:2:1: what begins here is not closed']],
  ['{% raw %}secret', ['page.liquid:1:10: what begins here is not closed']],
  ['{% endif %}', ['page.liquid:1:1: endif belongs to nothing here']],
  ['{% for secret of x %}{% endfor %}', ['page.liquid:1:15: expected "in"']],
  ['{% assign x %}', ['page.liquid:1:12: expected "="']],
  ['{% if secret = 1 %}{% endif %}', ['page.liquid:1:14: values are compared by ==']],
  ['{% unless a == 1 and b="secret" %}{% endunless %}', ['page.liquid:1:23: values are compared by ==']],
  ['{{ a => b }}{% if a =< b %}{% endif %}', [`page.liquid:1:6: ${NO_FILTER}`, `page.liquid:1:21: ${NO_FILTER}`]],
  ['{% if secret ! 1 %}{% endif %}', [`page.liquid:1:14: ${NO_FILTER}`]],
  ['{{ | secret }}', ['page.liquid:1:4: expected a value']],
  ['{% if a %}{% else %}{% elsif secret %}{% endif %}', ['page.liquid:1:21: elsif is expected before else']],
  ['{% render secret %}', ['page.liquid:1:1: the name of a file in quotes is allowed here']],
  ['{% render "{{ secret }}.liquid" %}', ['page.liquid:1:1: the name of a file in quotes is allowed here']],
  ['{% if a %}{% include secret %}{% endif %}', ['page.liquid:1:11: the name of a file in quotes is allowed here']],
  ['{% layout secret %}', ['page.liquid:1:1: the name of a file in quotes is allowed here']],
  ['{% render none %}', ['page.liquid:1:1: the name of a file in quotes is allowed here']],
  [
    '{% for i in (a..5) %}{% endfor %}',
    ['page.liquid:1:1: a range begins with a number that is written out, such as (1..n)'],
  ],
  ['{{ (99999999999..x) }}', ['page.liquid:1:1: a range begins with a number that is written out, such as (1..n)']],
  ['{{ (a..5).size }}', ['page.liquid:1:1: a range begins with a number that is written out, such as (1..n)']],
  ['{{ x | concat: (a..5) }}', ['page.liquid:1:1: a range begins with a number that is written out, such as (1..n)']],
  [
    '{% render "b.liquid", x: (a..5) %}',
    ['page.liquid:1:1: a range begins with a number that is written out, such as (1..n)'],
  ],
  [
    '{% if a contains (b..5) %}{% endif %}',
    ['page.liquid:1:1: a range begins with a number that is written out, such as (1..n)'],
  ],
  ['{% cycle (b..5), 1 %}', ['page.liquid:1:1: a range begins with a number that is written out, such as (1..n)']],
  [
    '{% case a %}{% when (b..5) %}{% endcase %}',
    ['page.liquid:1:1: a range begins with a number that is written out, such as (1..n)'],
  ],
  ['{{ x[(b..5)] }}', ['page.liquid:1:1: a range begins with a number that is written out, such as (1..n)']],
  ['{% render "b.liquid" %}{% render "c.liquid" %}', [`page.liquid:1:24: "c.liquid": ${MISSING}`]],
  ['{% render "bad.liquid" %}', [`bad.liquid:2:1: ${noTag('nope')}`]],
  [
    '{% render "bad.liquid" %}{% render secret %}',
    ['page.liquid:1:26: the name of a file in quotes is allowed here', `bad.liquid:2:1: ${noTag('nope')}`],
  ],
  [
    '{{ a | one }}\n{% if a | two %}{% three %}{% else %}{% endif %}\n{% four secret %}{% render "c.liquid" %}',
    [
      `page.liquid:1:1: ${noFilter('one')}`,
      'page.liquid:2:1: there is no filter two',
      `page.liquid:2:17: ${noTag('three')}`,
      'page.liquid:3:1: there is no tag four',
      `page.liquid:3:18: "c.liquid": ${MISSING}`,
    ],
  ],
  [
    '{% render "c.liquid" %}\n{% cycle a | five %}\n{{ a | six }}',
    [
      `page.liquid:1:1: "c.liquid": ${MISSING}`,
      `page.liquid:2:1: ${noFilter('five')}`,
      'page.liquid:3:1: there is no filter six',
    ],
  ],
  [
    '{{ a | nope }}\n{% if b %}x{% endif %}\n{% endfor %}\n{% endfr %}\n{% else %}',
    [
      `page.liquid:1:1: ${noFilter('nope')}`,
      'page.liquid:3:1: endfor belongs to nothing here',
      `page.liquid:4:1: ${noTag('endfr')}`,
      'page.liquid:5:1: else belongs to nothing here',
    ],
  ],
  [
    '{% if a %}{% for b in c %}{% if d %}{% else %}{% endif %}{{ b | nope }}{% else %}{% endfor %}\n{% endif %}{% endif %}',
    [`page.liquid:1:58: ${noFilter('nope')}`, 'page.liquid:2:12: endif belongs to nothing here'],
  ],
  [
    '{% fro a in b %}{% else %}{% endfor %}\n{% endfor %}',
    [`page.liquid:1:1: ${noTag('fro')}`, 'page.liquid:2:1: endfor belongs to nothing here'],
  ],
  [
    '{% nope %}{% endnope %}{% if a %}{% noo %}{% endif %}\n{% endif %}',
    [
      `page.liquid:1:1: ${noTag('nope')}`,
      'page.liquid:1:34: there is no tag noo',
      'page.liquid:2:1: endif belongs to nothing here',
    ],
  ],
  [
    '{% for a in b %}{% comment %}{% endfor %}{% endcomment %}{% endfr %}{% endfor %}\n{% ending %}',
    [`page.liquid:1:58: ${noTag('endfr')}`, 'page.liquid:2:1: there is no tag ending'],
  ],
  [
    '{% if x %}{% for a in b %}\n{% endif %}\n{% else %}',
    ['page.liquid:2:1: endif does not close what was begun last', 'page.liquid:3:1: else belongs to nothing here'],
  ],
  ['{% liquid\n if x\n for a in b\n endif %}', ['page.liquid:4:2: endif does not close what was begun last']],
  [
    '{% nope %}'.repeat(200),
    Array.from(
      { length: 100 },
      (_, at) => `page.liquid:1:${at * 10 + 1}: ${at === 0 ? noTag('nope') : 'there is no tag nope'}`,
    ),
  ],
  [
    '{% include a %}'.repeat(200),
    Array.from(
      { length: 100 },
      (_, at) => `page.liquid:1:${at * 15 + 1}: the name of a file in quotes is allowed here`,
    ),
  ],
  [NESTED, [expect.stringMatching(/^page\.liquid:1:\d+: is nested too deep$/) as string]],
])('%.60s is told with all its faults, each with its place, and quotes names alone', async (template, faults) => {
  await inFolder({ 'page.liquid': template, 'b.liquid': '', 'bad.liquid': '\n{% nope %}' }, async (folder) => {
    const found = await faultsOf('page.liquid', folder);
    expect(found).toEqual(faults);
    expect(found.join()).not.toContain(folder);
    expect(found.join()).not.toContain('secret');
  });
});

/** A number that would be another one; in a template, where it is told. */
const N = '9007199254740993';
const T = `<${N}>`;

it.each([
  `{{ ${T} }}`,
  `\n {% if a.v == ${T} %}{% elsif ${T} %}{% endif %}`,
  `{% unless a < <-${N}> %}{% endunless %}`,
  `{{ a | plus: ${T} | where: "b", c: ${T} }}`,
  `{% assign a = ${T} %}{% echo b | append: ${T} %}`,
  `{% for i in (1..${T}) %}{% endfor %}`,
  `{% for i in a reversed limit: ${T} offset:${T} %}{{ ${T} }}{% endfor %}`,
  `{% tablerow i in a cols: ${T} %}{% endtablerow %}`,
  `{% case ${T} %}{% when ${T}, 1 or ${T} %}{% endcase %}`,
  `{% cycle ${T}: 1, 2 %}{% cycle ${T} | plus: ${T} %}`,
  `{{ a[${T}].b[c[${T}]] }}`,
  `{% render "b.liquid", x: ${T} %}{% render "b.liquid" with ${T} as x %}`,
  `{% include "b.liquid" with ${T}, x: 1 %}{% layout "b.liquid" x: ${T} %}`,
  `{% liquid\n assign a = 1\n  echo ${T}\n%}`,
  `{{ <+${N}> }}{{ <00${N}> }}{{ <${N}.> }}{{ <${N}.5> }}`,
  `{{ <4503599627370497.5> }}{{ <999999999999999.99999> }}`,
  `{{ <1${'0'.repeat(400)}> }}{{ <0.${'0'.repeat(400)}1> }}`,
  '{{ 9007199254740992 }}{{ -9007199254740992.0 }}{{ +0005 }}{{ 1. }}{{ -0 }}{{ 1.10 }}{{ 0.1 }}{{ 000 }}',
  `{{ "${N}" }}{{ a${N} }}{{ a.${N} }}{% raw %}{{ ${N} }}{% endraw %}{% comment %}{{ ${N} }}{% endcomment %}`,
])('each number of which a double is another is told: %.80s', async (marked) => {
  const mark = /<([-+]?\d[\d.]*)>/g;
  const template = marked.replaceAll(mark, '$1');
  const places = Array.from(marked.matchAll(mark), ({ index }) => {
    const lines = marked.slice(0, index).replaceAll(mark, '$1').split('\n');
    return `${lines.length}:${lines.at(-1)!.length + 1}`;
  });
  await inFolder({ 'page.liquid': template, 'b.liquid': '' }, async (folder) => {
    const detail = 'a number that a double holds is allowed here; another one is a text, in quotes';
    expect(await faultsOf('page.liquid', folder)).toEqual(places.map((at) => `page.liquid:${at}: ${detail}`));
  });
});

describe('blocks within each other in one file', () => {
  const BLOCKS: [begin: string, end: string, most: number][] = [
    ['{% if a %}', '{% endif %}', 240],
    ['{% if b %}{% else %}', '{% endif %}', 240],
    ['{% unless b %}', '{% endunless %}', 240],
    ['{% case a %}{% when true %}', '{% endcase %}', 240],
    ['{% for i in l %}', '{% endfor %}', 240],
    ['{% tablerow i in l %}', '{% endtablerow %}', 240],
    ['{% capture c %}', '{% endcapture %}{{ c | raw }}', 240],
    ['{% block x %}', '{% endblock %}', 240],
    ['{% for i in l %}{% if a %}', '{% endif %}{% endfor %}', 120],
  ];

  it.each(BLOCKS)('%s: as many as are allowed can be rendered', async (begin, end, most) => {
    const template = begin.repeat(most) + 'x' + end.repeat(most);
    expect(await page(template, { a: true, l: [1] })).toContain('x');
  });

  it.each([
    ...BLOCKS.map((block) => [...block, '{% if a %}{% if a %}x{% endif %}{% endif %}'] as const),
    ['{% if a %}', '{% endif %}', 240, '{% liquid\n include "gone.liquid"\n %}'] as const,
  ])('%s%s %i times: one more is a fault, with its place: %s', async (begin, end, most, more) => {
    const template = begin.repeat(most) + '\n' + more + end.repeat(most);
    await inFolder({ 'page.liquid': template }, async (folder) => {
      expect(await faultsOf('page.liquid', folder)).toEqual([
        'page.liquid:2:1: blocks nested at most 240 deep are allowed here',
      ]);
    });
  });

  it.each([
    ['{% include "gone.liquid" %}', 240, 1],
    ['{% liquid\n include "gone.liquid"\n %}', 239, 2],
  ])('%s is looked into within %i', async (inmost, blocks, line) => {
    const template = '{% if a %}'.repeat(blocks) + inmost + '{% endif %}'.repeat(blocks);
    await inFolder({ 'page.liquid': template }, async (folder) => {
      const told = new RegExp(`^page\\.liquid:${line}:\\d+: .*gone`);
      expect(await faultsOf('page.liquid', folder)).toEqual([expect.stringMatching(told) as string]);
    });
  });
});

const ENDLESS = 'this never ends, for it takes in what it is in: ';
const SELF = `${ENDLESS}"page.liquid", "page.liquid"`;

describe('a file that takes itself in', () => {
  it.each<[files: Record<string, string>, faults: string[]]>([
    [{ 'page.liquid': 'x {% include "page.liquid" %}' }, [`page.liquid:1:3: ${SELF}`]],
    [{ 'page.liquid': '{% render "page.liquid", a: 1 %}' }, [`page.liquid:1:1: ${SELF}`]],
    [{ 'page.liquid': '{% layout "page.liquid" %}{% block a %}{% endblock %}' }, [`page.liquid:1:1: ${SELF}`]],
    [{ 'page.liquid': '{% render "page.liquid" with a as b %}' }, [`page.liquid:1:1: ${SELF}`]],
    [{ 'page.liquid': '{% liquid\n include "page.liquid" %}' }, [`page.liquid:2:2: ${SELF}`]],
    [{ 'page.liquid': '{% capture a %}{% render "page.liquid" %}{% endcapture %}' }, [`page.liquid:1:16: ${SELF}`]],
    [
      { 'page.liquid': '{% layout "b.liquid" %}{% include "page.liquid" %}', 'b.liquid': '' },
      [`page.liquid:1:24: ${SELF}`],
    ],
    [
      { 'page.liquid': '{% for a in b %}{% break %}{% endfor %}{% include "page.liquid" %}' },
      [`page.liquid:1:40: ${SELF}`],
    ],
    [
      { 'page.liquid': '{% include "b.liquid" %}', 'b.liquid': '\n{% layout "page.liquid" %}' },
      [`b.liquid:2:1: ${ENDLESS}"page.liquid", "b.liquid", "page.liquid"`],
    ],
    [
      {
        'page.liquid': '{% if a %}{% include "b.liquid" %}{% endif %}',
        'b.liquid': '{% render "c.liquid" %}',
        'c.liquid': '{% render "d.liquid" %}{% render "b.liquid" %}{% render "page.liquid" %}',
        'd.liquid': '{% include "d.liquid" %}',
      },
      [`c.liquid:1:24: ${ENDLESS}"b.liquid", "c.liquid", "b.liquid"`, `d.liquid:1:1: ${ENDLESS}"d.liquid", "d.liquid"`],
    ],
  ])('however a page is rendered is a fault that names the circle: %j', async (files, faults) => {
    await inFolder(files, async (folder) => {
      expect(await faultsOf('page.liquid', folder)).toEqual(faults);
    });
  });

  it.each<[template: string, html: string, files?: Record<string, string>]>([
    ['{% if depth < 2 %}{% assign depth = 3 %}{% include "page.liquid" %}{% endif %}', ''],
    ['{% unless a %}{% assign a = 1 %}{% include "page.liquid" %}{% else %}x{% endunless %}', 'x'],
    ['{% case a %}{% when 1 %}x{% else %}{% assign a = 1 %}{% include "page.liquid" %}{% endcase %}', 'x'],
    ['x{% for a in l %}{% render "page.liquid", l: a %}{% endfor %}', 'xxx'],
    ['x{% render "page.liquid" for l as l %}', 'xxx'],
    ['{% if a %}x{% break %}{% endif %}{% assign a = 1 %}{% include "page.liquid" %}', 'x'],
    ['{% if a %}x{% continue %}{% endif %}{% assign a = 1 %}{% include "page.liquid" %}', 'x'],
    ['{% for b in n %}{% else %}x{% break %}{% endfor %}{% include "page.liquid" %}', 'x'],
    ['{% include "b.liquid" %}{% include "page.liquid" %}', 'x', { 'b.liquid': 'x{% break %}' }],
  ])('under a condition may end: %s', async (template, html, files = {}) => {
    expect(await page(template, { l: [[[]]], n: null, a: null }, { files })).toBe(html);
  });
});

it('a file is read once, and nothing is read while a page is rendered', async () => {
  await inFolder({ 'page.liquid': '{% render "b.liquid" %}', 'b.liquid': 'B' }, async (folder) => {
    const templates = new Templates(folder);
    await templates.parse('page.liquid');
    await rm(join(folder, 'b.liquid'));
    await writeFile(join(folder, 'page.liquid'), 'changed');
    await templates.parse('page.liquid');
    expect(await faultsOf('b.liquid', folder)).toEqual([MISSING]);
  });
  const render = await rendererOf('{% render "b.liquid", x: x %}', { 'b.liquid': '{{ x }}' });
  expect(await Promise.all([render({ x: 1 }), render({ x: 2 })])).toEqual(['1', '2']);
});

it('files take in others by names that start at the folder', async () => {
  const files = {
    'parts/head.liquid': '<h1>{{ title }}</h1>{% include "parts/foot.html" %}',
    'parts/foot.html': '[{{ a }}{{ title }}]',
    'layouts/site.liquid': '<main>{% block main %}{% endblock %}</main>{{ side }}',
  };
  const template =
    '{% layout "layouts/site.liquid", side: "S" %}{% block main %}{% render "parts/head.liquid", title: a %}{% endblock %}';
  expect(await page(template, { a: 'A' }, { files })).toBe('<main><h1>A</h1>[A]</main>S');
});
