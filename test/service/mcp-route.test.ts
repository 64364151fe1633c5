import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { mcpRoute } from '../../routes/mcp.ts';
import { processMemory } from '../../src/budget/memory.ts';
import { ANYONE } from '../../src/callers/known-caller.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import type { Service } from '../../src/service/batches/service.ts';
import { acceptJsonBytes } from '../../src/service/http/json-body.ts';
import { parseConfig } from '../configured.ts';

it('an agent is answered once what failed for the first message goes well', async () => {
  const app = Fastify();
  app.decorate('metrics', new Metrics([], [], () => 0));
  app.decorateRequest('caller');
  app.addHook('onRequest', async (request) => void (request.caller = ANYONE));
  acceptJsonBytes(app, processMemory(2 ** 20));
  let asked = 0;
  const sourcesFor = () => {
    asked += 1;
    if (asked === 1) throw new Error('EMFILE');
    return new Map();
  };
  const service = { config: parseConfig({}), sourcesFor, savedFor: () => new Map() } as Partial<Service> as Service;
  mcpRoute(app, service, { describeSource: () => Promise.reject(new Error('asked')), serves: undefined });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const payload = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
  const statuses: number[] = [];
  for (let times = 0; times < 3; times += 1)
    statuses.push((await app.inject({ method: 'POST', url: '/mcp', headers, payload })).statusCode);
  expect([statuses, asked]).toEqual([[500, 200, 200], 2]);
});
