import type { Answer } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { type Listening, type Served, serve } from '../http/serve.ts';
import { PROBES } from './probes.ts';
import { json, type Route } from './route.ts';
import { SHOP } from './shop.ts';

const ROUTES: readonly Route[] = [...SHOP, ...PROBES];

/**
 * Starts the REST API: the shop's catalog, three price services (`/eu/`, `/us/`, `/asia/`), and probes for
 * tests. Operations are called `GET /eu/quote`, without the query.
 */
export function startRest(listening?: Listening): Promise<Served> {
  return serve({ store: 'rest', operation: ({ method, path }) => `${method} ${path}`, answer, failure }, listening);
}

function failure(_call: Call, status = 500): Answer {
  return json({ error: 'A fault was asked for' }, status);
}

function answer(call: Call): Answer | Promise<Answer> {
  for (const route of ROUTES) {
    const { methods } = route;
    const [matched, ...groups] = route.pattern.exec(call.path) ?? [];
    if (matched === undefined) continue;
    if (methods.length > 0 && !methods.includes(call.method)) {
      return { ...json({ error: 'Not allowed' }, 405), headers: { allow: methods.join(', ') } };
    }
    try {
      return route.answer(call, ...groups.map(decodeURIComponent));
    } catch (error) {
      if (error instanceof URIError) return json({ error: 'The path cannot be decoded' }, 400);
      throw error;
    }
  }
  return json({ error: 'Not found' }, 404);
}
