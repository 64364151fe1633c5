import { afterAll, expect, it } from 'vitest';
import { timeoutAsked } from '../../src/service/batches/batch-time.ts';
import { ANYONE } from '../../src/callers/known-caller.ts';
import { parseConfig } from '../configured.ts';
import { startService } from '../service.ts';

const service = await startService({ limits: { queries: 2000 } });
afterAll(() => service.close());

const config = parseConfig({
  server: { timeoutMs: 1000, maxTimeoutMs: 5000 },
  sources: { any: { adapter: 'rest', url: 'http://127.0.0.1:1/' } },
});

it.each([
  [{ timeoutMs: 200 }, 200],
  [{ timeoutMs: 9000 }, 5000],
  [{ timeoutMs: 3_000_000_000 }, 5000],
  [{ timeoutMs: 2 ** 53 }, 5000],
  [{ timeoutMs: 1e300 }, 5000],
  [{ timeoutMs: 0 }, 1000],
  [{ timeoutMs: -1 }, 1000],
  [{ timeoutMs: 0.5 }, 1000],
  [{ timeoutMs: '200' }, 1000],
  [{}, 1000],
  [null, 1000],
  [[], 1000],
])('a batch that is %j is planned within %i ms', (body, ms) => {
  expect(timeoutAsked(body, config, ANYONE)).toBe(ms);
});

it.each(['9007199254740992', '9007199254740992.0', '1e16', '1e300'])(
  'a time of %s is as long as there may be, wherever it stands, and so is an age',
  async (ms) => {
    const query = `"source":"catalog","op":"get","params":{"path":"/echo"},"timeoutMs":${ms},"maxAgeMs":${ms}`;
    const group = `{"pattern":"kv","timeoutMs":${ms},"queries":{"a":{${query}}}}`;
    const answer = await service.post('/kv', `{"timeoutMs":${ms},"queries":{"a":{${query}},"g":${group}}}`);
    expect([answer.status, answer.headers['codap-complete']], answer.text).toEqual([200, 'true']);
  },
);

it('a time that is none is a fault, not a deadline, however long the batch is planned', async () => {
  const query = { source: 'catalog', op: 'get', params: { path: '/echo' } };
  const queries = Object.fromEntries(Array.from({ length: 2000 }, (_none, at) => [`q${at}`, query]));
  const answer = await service.post('/kv', { timeoutMs: -1, queries });
  expect([answer.status, answer.json().errors[0].pointer]).toEqual([400, '#/timeoutMs']);
});
