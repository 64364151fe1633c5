import { buildApp } from '../../src/service/app.ts';
import type { Stores } from '../../stores/stores.ts';
import { findLeaks } from '../leaks.ts';
import type { Body } from '../service.ts';
import { parseConfig, openSources } from '../configured.ts';

/** The whole service, listening on a free port, over real stores. */
export interface Codap extends AsyncDisposable {
  readonly url: string;
  /** Posts queries to /kv and gives the answer's JSON; fails if it tells what none may tell. */
  kv(queries: object, more?: object): Promise<Body>;
}

/** The sources `shop` (mongo) and `files` (s3); `own` is merged into each by name. */
export async function startCodap(
  { mongoUrl, s3Endpoint, s3 }: Pick<Stores, 'mongoUrl' | 's3Endpoint' | 's3'>,
  own: { readonly shop?: object; readonly files?: object } = {},
): Promise<Codap> {
  // Stores are killed here again and again: each time it has to be seen what comes of it.
  const breaker = false;
  const shop = { adapter: 'mongo', url: mongoUrl, database: 'faults', collections: ['people', 'many'], breaker };
  const files = { adapter: 's3', endpoint: s3Endpoint, ...s3, forcePathStyle: true, bucket: 'faults', breaker };
  const config = parseConfig({ sources: { shop: { ...shop, ...own.shop }, files: { ...files, ...own.files } } });
  const sources = await openSources(config);
  const app = await buildApp(config, sources);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const kv: Codap['kv'] = async (queries, more) => {
    const response = await fetch(`${url}/kv`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...more, queries }),
    });
    const text = await response.text();
    const [leak] = findLeaks(text);
    if (leak !== undefined) throw new Error(`the answer told what none may tell: ${leak}`);
    return JSON.parse(text);
  };
  return {
    url,
    kv,
    async [Symbol.asyncDispose]() {
      app.server.closeAllConnections();
      await app.close();
      await sources[Symbol.asyncDispose]();
    },
  };
}
