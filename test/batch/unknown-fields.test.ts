import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readMessage } from '../../src/agents/read-message.ts';
import { readBody } from '../../src/batch/plan/read-body.ts';
import { atOnce, Work } from '../../src/budget/work.ts';
import { BadRequest } from '../../src/json/fault-list.ts';
import { askedBy } from '../../src/saved/asked.ts';
import { openSaved } from '../../src/saved/open-saved.ts';
import type { SavedBatch } from '../../src/saved/saved-batch.ts';
import type { Sources } from '../../src/sources/open.ts';
import { openSources, parseConfig } from '../configured.ts';
import { plan } from '../plan.ts';

const config = parseConfig({
  sources: { shop: { adapter: 'mongo', url: 'mongodb://127.0.0.1:1', database: 'shop', collections: ['users'] } },
  batches: {
    one: {
      pattern: 'kv',
      params: { id: { type: 'string' } },
      queries: { a: { source: 'shop', op: 'findOne', params: { collection: 'users' } } },
    },
  },
});
let opened: Sources;
let saved: SavedBatch;
beforeAll(async () => {
  opened = await openSources(config);
  saved = (await openSaved(config, opened.sources)).get('one')!;
});
afterAll(() => opened[Symbol.asyncDispose]());
afterEach(() => vi.restoreAllMocks());

const MANY = Array.from({ length: 80_000 }, (_, index) => `"f${index}":1`).join();

/** What is made of a body at once, or of what is wrong with it. */
const ways: Readonly<Record<string, readonly [body: string, read: (body: Buffer, work: Work) => unknown]>> = {
  'a batch': [`{${MANY},"queries":{}}`, planned],
  'a query': [`{"queries":{"a":{"source":"shop",${MANY}}}}`, planned],
  'a group': [`{"queries":{"a":{"queries":{},${MANY}}}}`, planned],
  'the params of a query': [`{"queries":{"a":{"source":"shop","op":"find","params":{${MANY}}}}}`, planned],
  'the body for a saved batch': [`{${MANY}}`, asked],
  'the params of a saved batch': [`{"params":{${MANY}}}`, asked],
  'a message of an agent': [`{"jsonrpc":"2.0","id":1,"method":"tools/list",${MANY}}`, message],
  'the params of a message': [`{"method":"tools/call","params":{"arguments":{},${MANY}}}`, message],
  'a message with faults in its arguments': [`{"params":{"arguments":{"a":1,"a":1},${MANY}}}`, message],
};

function planned(body: Buffer, work: Work): unknown {
  const read = atOnce(readBody(body, config.limits, work));
  return plan('kv', read, { sources: opened.sources, limits: config.limits, work });
}

function asked(body: Buffer, work: Work): unknown {
  return atOnce(askedBy(atOnce(readBody(body, config.limits, work)), saved, work));
}

function message(body: Buffer, work: Work): unknown {
  return atOnce(readMessage(body, config.limits, work));
}

describe('of very many fields that nobody knows', () => {
  it.each(Object.entries(ways))('no more are looked at than are told of: in %s', (_where, [text, read]) => {
    const made = vi.spyOn(Object, 'fromEntries');
    let said: unknown;
    try {
      said = read(Buffer.from(text), new Work(config.limits.work));
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      said = error.errors;
    }
    if (Array.isArray(said)) expect(said).toHaveLength(100);
    else expect(said).toEqual({ code: -32600, message: expect.stringMatching(/^at most 65536 bytes/) });
    for (const [entries] of made.mock.calls) expect([...entries].length).toBeLessThan(200);
  });
});
