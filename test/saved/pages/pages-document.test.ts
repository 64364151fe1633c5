import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pageFilters } from '../../../src/saved/pages/filters.ts';
import { GOES_ON } from '../../../src/saved/pages/broken-blocks.ts';
import { BLOCKS, TAGS } from '../../../src/saved/pages/engine.ts';
import { PagesBelow } from '../../../src/saved/pages/open-page.ts';
import { RESERVED } from '../../../src/saved/pages/page-context.ts';
import { q } from '../../batch/simulated.ts';
import { encoded, inFolder, textOf } from './rendering.ts';

const document = readFileSync(new URL('../../../docs/pages.md', import.meta.url), 'utf8');

/** Each template that is shown, with the page that is shown under it. */
const examples = Array.from(
  document.matchAll(/```liquid\n([\s\S]+?)```\n\n```html\n([\s\S]+?)```/g),
  ([, template, html]) => [template!, html!] as const,
);

interface Shown {
  results: Record<string, { value?: unknown; error?: { code: string } }>;
}
const [, answer = ''] = /```json\n([\s\S]+?)```/.exec(document) ?? [];
const queries = Object.fromEntries(
  Object.entries((JSON.parse(answer) as Shown).results).map(([key, { value, error }]) => [
    key,
    error ? q({ fail: error.code }) : q({ value }),
  ]),
);

/** White space between lines says nothing in these pages. */
const lines = (html: string) =>
  html
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

describe('docs/pages.md', () => {
  it('has templates, each with its page', () => {
    expect(examples.length).toBe(document.match(/```liquid\n/g)?.length);
    expect(examples.length).toBeGreaterThanOrEqual(4);
  });

  it.each(examples)('%s', async (template, html) => {
    expect(lines(textOf(await encoded(template, { queries })))).toEqual(lines(html));
  });

  it.each(examples)('warns of nothing in %s', async (template) => {
    await inFolder({ 'page.liquid': template }, async (folder) => {
      const pages = new PagesBelow(folder);
      await pages.open({ name: 'product', pattern: 'kv', template: 'page.liquid', queries });
      expect([...pages.warnings()]).toEqual([['product', []]]);
    });
  });

  /** The names in backquotes of the paragraph that begins so. */
  const namesAfter = (beginning: string) => {
    const [, paragraph = ''] = new RegExp(`${beginning}([\\s\\S]+?)\\n\\n`).exec(document) ?? [];
    return Array.from(paragraph.matchAll(/`([^`]+)`/g), ([, name]) => name!);
  };

  it('names every tag and filter that there is', () => {
    expect(new Set(namesAfter('\nTags:'))).toEqual(TAGS);
    const ends = [...BLOCKS].map((name) => `end${name}`);
    expect(new Set(namesAfter('\nBlocks go on with'))).toEqual(new Set([...GOES_ON, ...ends]));
    expect(new Set(namesAfter('\nFilters:'))).toEqual(new Set(Object.keys(pageFilters)));
  });

  it('names what a key of a batch with a template may not be called', () => {
    expect(namesAfter('no key of a KV batch is').slice(0, RESERVED.length)).toEqual(RESERVED);
  });

  it('shows the policy that a page is sent with', async () => {
    const [, policy] = /```text\n([\s\S]+?)\n```/.exec(document) ?? [];
    const { headers } = (await encoded('', { queries: {} })) ?? {};
    expect(headers).toMatchObject({ 'content-security-policy': policy });
  });
});
