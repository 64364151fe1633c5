import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Answer } from '../../src/batch/run/answer.ts';
import { isComplete } from '../../src/batch/run/reply.ts';
import type { BatchOptions } from '../../src/batch/run/batch.ts';
import { run } from '../../src/batch/run/run.ts';
import { atOnce } from '../../src/budget/work.ts';
import { answerText } from '../../src/encodings/reply-text.ts';
import { openSaved } from '../../src/saved/open-saved.ts';
import type { SavedBatch } from '../../src/saved/saved-batch.ts';
import { openSources, parseConfig } from '../configured.ts';
import { unbounded } from '../unbounded.ts';

/** What the store was asked, since a test last looked. */
let asked: string[] = [];

/** A store that answers each user what belongs to them, alone or in a list, and everybody what is common. */
const server = createServer((request, response) => {
  asked.push(request.url!);
  const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
  const own = (id: string): object => ({ id, secret: `secret of ${id}` });
  const ids = searchParams.get('ids');
  const answer = ids === null ? own(searchParams.get('user') ?? pathname.slice(7)) : { data: ids.split(',').map(own) };
  const body = pathname === '/common' ? { secret: 'common' } : answer;
  setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)), 2);
});
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const MERGE = [{ path: '/users/{id}', into: '/users', query: 'ids', items: '/data', key: '/id' }];
const SHARING = {
  coalesce: { coalesce: true },
  cache: { coalesce: false, cache: { ttlMs: 60_000 } },
  merge: { coalesce: false, merge: MERGE },
  'all of them': { cache: { ttlMs: 60_000, staleMs: 60_000 }, merge: MERGE },
  'all of them, with headers that are forwarded': {
    cache: { ttlMs: 60_000 },
    merge: MERGE,
    forwardHeaders: ['x-tenant'],
  },
};

const who = { $caller: '/sub' };
const api = (params: object, own: object = {}): object => ({ source: 'api', op: 'get', params, ...own });

/** Each place in which `$caller` binds an answer to who asks. */
const QUERIES = {
  segment: api({ path: ['users', who] }),
  joined: api({ path: ['users', { $join: [who] }] }, { select: '/secret' }),
  query: api({ path: '/mine', query: { user: who } }),
  item: api({ path: ['users', { $item: '' }] }, { forEach: [who] }),
  when: api({ path: '/common' }, { when: { equals: [who, 'u0'] } }),
  unless: api({ path: '/common' }, { unless: { in: [who, ['u0', 'u1']] } }),
  select: api({ path: '/common' }, { select: { who, what: '/secret' } }),
};

/** What a batch answers somebody. */
async function answerTo(sub: string, { plan }: SavedBatch): Promise<Record<string, unknown>> {
  const { memory } = unbounded();
  const { limits } = parseConfig({});
  const headers = { 'x-tenant': 'one', 'x-user': 'u9', authorization: 'Bearer of-u9' };
  const options: BatchOptions = {
    caller: { headers, name: 'people', claims: { sub } },
    deadline: performance.now() + 2000,
    timeoutMs: 2000,
    signal: new AbortController().signal,
    limits,
    memory,
    params: { sub: 'u9' },
    failFast: false,
  };
  const running = run(plan, options, { wants: () => 'value' });
  const { list } = await running.root.reply;
  const text = atOnce(answerText(list!, isComplete(list!), 'values', new Answer(running).traced)).toString();
  return JSON.parse(text) as Record<string, unknown>;
}

const expected = (sub: string) => ({
  segment: { id: sub, secret: `secret of ${sub}` },
  joined: `secret of ${sub}`,
  query: { id: sub, secret: `secret of ${sub}` },
  item: [{ id: sub, secret: `secret of ${sub}` }],
  when: sub === 'u0' ? { secret: 'common' } : null,
  unless: sub === 'u0' || sub === 'u1' ? null : { secret: 'common' },
  select: { who: sub, what: 'common' },
});

describe.each(Object.entries(SHARING))('where answers are shared by %s', (_name, layers) => {
  it('nobody gets what was answered to somebody else, in one turn and later', async () => {
    asked = [];
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const config = parseConfig({
      sources: { api: { adapter: 'rest', url, ...layers } },
      batches: { own: { pattern: 'kv', params: { sub: { type: 'string' } }, queries: QUERIES } },
    });
    await using opened = await openSources(config);
    const batch = (await openSaved(config, opened.sources)).get('own')!;
    const subs = Array.from({ length: 8 }, (_, at) => `u${at % 4}`);
    for (let round = 0; round < 2; round += 1) {
      const answers = await Promise.all(subs.map((sub) => answerTo(sub, batch)));
      expect(answers).toEqual(subs.map(expected));
    }
    // They do share what is the same: the test would say nothing of a source that shares nothing.
    expect(asked.length).toBeLessThan(2 * subs.length * 5);
    expect(asked.join()).not.toContain('u9');
  });
});
