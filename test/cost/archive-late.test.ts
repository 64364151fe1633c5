import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStores, type Stores } from '../../demo/stores.ts';
import { unpack } from '../encodings/unpack.ts';
import { type Service, startService } from '../service.ts';
import { askBytes } from '../endpoints/bytes.ts';

const COUNT = 150;

let stores: Stores;
let service: Service;
beforeAll(async () => {
  stores = await startStores();
  for (let at = 0; at < COUNT; at += 1) await stores.putObject('files', `many/${at}.txt`, `${at}`);
  await stores.addFault({ store: 'rest', match: 'GET /big', fault: { kind: 'drip', bytesPerSecond: 500 } });
  service = await startService({ stores });
});
afterAll(async () => {
  await service.close();
  await stores.close();
});

const file = { source: 'files', op: 'getObject', params: { key: { $join: ['many/', { $item: '' }, '.txt'] } } };
const name = { $join: ['number ', { $item: '' }, ' of ', { $item: '' }, '.txt'] };
const users = { source: 'shop', op: 'countDocuments', params: { collection: 'users' } };
const needing = { ...file, when: { $result: '/users' } };
/** It is read for longer than the batch has time: what stands behind it has its turn after the deadline. */
const long = { source: 'catalog', op: 'get', params: { path: '/big', query: { bytes: 1000 } }, as: 'long.bin' };

describe.concurrent('what flows begins when its turn comes, also after the deadline of the batch', () => {
  it.each<[string, number, object, number?]>([
    // So many that the clock is looked at.
    ['items that make their names', COUNT, { ...file, as: name }],
    ['a group', 30, { pattern: 'kv', queries: { file: needing } }],
    ['a group in a group', 30, { pattern: 'ordered', queries: [{ pattern: 'kv', queries: { file } }] }],
    ['a race', 30, { pattern: 'first-reply', take: 1, queries: [file] }],
    ['a group that gathers, too', 30, { pattern: 'kv', queries: { doc: users, file } }, 2],
    ['a group whose file needs what it gathers', 30, { pattern: 'kv', queries: { users, file: needing } }, 2],
    ['a forEach', 30, { pattern: 'kv', queries: { each: { forEach: [{ $item: '' }], ...file } } }],
  ])('%s', async (_what, count, item, entries = 1) => {
    const each = { forEach: Array.from({ length: count }, (_, at) => at), ...item };
    const queries = { users: { ...users, hidden: true }, long, each };
    const answer = await askBytes(`${service.url}/kv`, { timeoutMs: 1000, queries }, 'application/zip');
    expect(answer.status).toBe(200);
    const files = await unpack('unzip', await answer.read());
    expect(String(files.get('_INCOMPLETE.json') ?? 'all is there')).toBe('all is there');
    expect(files.size).toBe(count * entries + 1);
  });
});
