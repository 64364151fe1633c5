import { compare, type Case } from './paired.ts';
import { start } from './start.ts';

/** So many bodies come again, as a page's do. */
const AGAIN = 20;
/** Of so many, codap has forgotten each before it comes again. */
const ANEW = 2500;

/** Batches of GETs of 1 kB by codap and by a hand-written service over Fastify and undici. */
function gets(count: number, must: number, batches = AGAIN): Case {
  const paths = (batch: number) => Array.from({ length: count }, (_, at) => `/record/${batch * count + at}`);
  const query = (path: string) => ({ source: 'store', op: 'get', params: { path } });
  const bodies = (bodyOf: (paths: readonly string[]) => object) =>
    Array.from({ length: batches }, (_, batch) => JSON.stringify(bodyOf(paths(batch))));
  return {
    name: `${count} GETs${batches === AGAIN ? '' : ', new'}`,
    count,
    of: 'GET',
    codap: bodies((all) => ({ queries: Object.fromEntries(all.map((path, at) => [`k${at}`, query(path)])) })),
    byHand: bodies((all) => ({ paths: all })),
    must,
  };
}

const store = await start('./rest-store.ts');
await compare('./rest-service.ts', `http://127.0.0.1:${store.port}/`, [
  gets(1, 0.8),
  gets(10, 1.2),
  gets(10, 1.2, ANEW),
  gets(100, 1.3),
]);
store.child.disconnect();
