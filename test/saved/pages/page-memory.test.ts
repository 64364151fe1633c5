import { describe, expect, it } from 'vitest';
import { processMemory } from '../../../src/budget/memory.ts';
import { q, start } from '../../batch/simulated.ts';
import { encoded } from './rendering.ts';

const listOf = (count: number) => Array.from({ length: count }, (_, id) => ({ id, name: `n${id}`, tags: [[id]] }));

describe('what the values of a page are opened as', () => {
  it.each([
    ['short values', 500, '{{ a.size }}', '500'],
    ['with one that JSON.parse would change', 500, '{{ b }}', '12345678901234567890'],
    ['a large value', 5000, '{{ a.size }}', '5000'],
    ['what became of each query', 2000, '{{ codap.replies.a.value.size }}', '2000'],
    ['the values of a page that fails', 2000, '{% for x in (1..1000000000) %}{% endfor %}', ''],
  ])('counts until it is rendered, however long it is read: %s', async (_what, count, template, page) => {
    const value = listOf(count);
    const queries = { a: q({ value }), b: q({ value: 12345678901234567890n }) };
    const unread = processMemory(2 ** 30);
    await start('kv', { queries }, { memory: unread }).root.reply;
    const memory = processMemory(2 ** 30);
    await encoded(template, { queries }, { memory }).catch(() => {});
    expect(memory.held).toBe(unread.held + page.length);
    // Room for the texts alone.
    const tight = processMemory(3 * JSON.stringify(value).length);
    await expect(encoded(template, { queries }, { memory: tight })).rejects.toMatchObject({ code: 'OVERLOADED' });
  });
});
