import { expect, it } from 'vitest';
import { page } from './rendering.ts';

it.each([
  ['{{ a }} {{ b }}', { a: '<x>', b: 5 }, '&lt;x&gt; 5'],
  ['{% for x in a %}{{ x[0] }}={{ x[1] }};{% endfor %}', { a: { b: 1, a: 2 } }, 'b=1;a=2;'],
  ['{{ codap.complete }} {{ codap.replies.a.status }}', { a: 1 }, 'true ok'],
])('%s', async (template, values, text) => {
  expect(await page(template, values)).toBe(text);
});
