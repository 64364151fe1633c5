import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FORMATS } from '../../src/observe/exposition.ts';
import { installPrometheusClient } from '../../stores/install.ts';
import { type Service, startService } from '../service.ts';

/** Reads a text as Prometheus' library for Python does, and prints its families as JSON. */
const READ = `
import json, sys
from prometheus_client import openmetrics, parser
from prometheus_client.openmetrics import parser as open_parser
read = (open_parser if sys.argv[1] == 'open' else parser).text_string_to_metric_families
print(json.dumps({f.name: [f.type, len(f.samples)] for f in read(sys.stdin.read())}))
`;

let service: Service;
let python: string;
beforeAll(async () => {
  python = await installPrometheusClient();
  service = await startService();
  const ada = { source: 'shop', op: 'findOne', params: { collection: 'users', filter: {} } };
  const nowhere = { source: 'catalog', op: 'get', params: { path: '/nowhere' } };
  const cover = { source: 'photos', op: 'getObject', params: { key: 'covers/B-101.svg' } };
  await service.kv({ ada, nowhere, cover });
  await service.post('/ordered', { queries: [cover] }, { accept: 'application/zip' });
  await service.post('/kv', { queries: { ada: { source: 'nobody' } } });
}, 300_000);
afterAll(() => service.close());

it.each(FORMATS)("Prometheus' own reader takes what is told as %s", async (accept) => {
  const { text: told } = await service.get('/metrics', { accept });
  const child = spawn(python, ['-c', READ, accept === FORMATS[0] ? 'open' : 'classic']);
  child.stdin.end(told);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(err).toBe('');
  expect(JSON.parse(out)).toMatchObject({
    codap_batches: ['counter', 3],
    codap_batch_seconds: ['histogram', 3 * 18],
    codap_calls: ['counter', 3],
    codap_call_seconds: ['histogram', 3 * 18],
    codap_event_loop_lag_seconds: ['gauge', 1],
    process_cpu_seconds: ['counter', 1],
  });
});
