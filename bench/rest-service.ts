import Fastify from 'fastify';
import { Pool } from 'undici';
import { serveAs, where } from './paired-service.ts';

/** What a good engineer writes first. */
async function byHand(url: string): Promise<string> {
  const store = new Pool(url, { connections: 64 });
  const get = async (path: string): Promise<unknown> => {
    const { statusCode, body } = await store.request({ path, method: 'GET' });
    if (statusCode !== 200) throw new Error(`the store answered ${statusCode}`);
    return body.json();
  };
  const app = Fastify();
  app.post<{ Body: { readonly paths: readonly string[] } }>('/kv', async ({ body: { paths } }) => {
    const values = await Promise.all(paths.map(get));
    return Object.fromEntries(values.map((value, at) => [`k${at}`, value]));
  });
  return app.listen(where);
}

await serveAs((url) => ({ sources: { store: { adapter: 'rest', url } } }), byHand);
