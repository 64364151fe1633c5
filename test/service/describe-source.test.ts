import { describe, expect, it, vi } from 'vitest';
import { processMemory } from '../../src/budget/memory.ts';
import { describing } from '../../src/service/describe-source.ts';
import type { Source } from '../../src/sources/open.ts';

const staying = new AbortController().signal;
const sourceOf = (contents: object) =>
  ({ name: 'api', adapter: 'rest', ops: [], contents: () => Promise.resolve(contents) }) as unknown as Source;

describe('the description of a source', () => {
  it('is written once for all who ask within a minute', async () => {
    const read = vi.fn(() => 'told');
    const source = sourceOf({ paths: Object.defineProperty({}, '/a', { get: read, enumerable: true }) });
    const tell = describing(processMemory(1000), 500);
    const { json } = await tell(source, staying);
    expect(JSON.parse(json)).toEqual({ name: 'api', adapter: 'rest', ops: {}, contents: { paths: { '/a': 'told' } } });
    const reads = read.mock.calls.length;
    for (let times = 0; times < 3; times += 1) expect((await tell(source, staying)).json).toBe(json);
    expect(read).toHaveBeenCalledTimes(reads);
  });

  it('is written in turns with others where it is long', async () => {
    const paths = Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`/${at}`, { get: [at] }]));
    let turns = 0;
    const others = setInterval(() => (turns += 1), 1);
    const { json, told } = await describing(processMemory(1000), 60_000)(sourceOf({ paths }), staying);
    clearInterval(others);
    expect(turns).toBeGreaterThan(2);
    expect(json === JSON.stringify(told)).toBe(true);
  });
});
