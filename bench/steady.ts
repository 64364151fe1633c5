import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { text as read } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { startCodapProcess } from '../test/codap-process.ts';
import { documentOf, DOCUMENTS } from './mongo-documents.ts';
import { start } from './start.ts';

/**
 * Whether codap stays as it is: for an hour it gets half of the load that it carries, batches of GETs, of
 * documents by their ids, of a list and of an object, from stores of their own processes. Its memory and its
 * open files are looked at every ten seconds; what counts is the second half. Needs `/proc`.
 */
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } });
const MINUTES = Number(values.minutes);
const LIMIT_MIB = 250;
const MOST_PER_TEN_MINUTES = 1;
const LOOK_MS = 10_000;
const CLIENTS = 8;
const MIB = 2 ** 20;

const [rest, mongo, s3] = await Promise.all(
  ['./rest-store.ts', './mongo-store.ts', './archive-store.ts'].map((file) => start(file)),
);
const url = (store: { port: number } | undefined, scheme = 'http'): string => `${scheme}://127.0.0.1:${store!.port}/`;
const sources = {
  store: { adapter: 'rest', url: url(rest) },
  shop: { adapter: 'mongo', url: url(mongo, 'mongodb'), database: 'bench', collections: ['items'] },
  objects: {
    adapter: 's3',
    endpoint: url(s3),
    bucket: 'some',
    forcePathStyle: true,
    region: 'x',
    accessKeyId: 'x',
    secretAccessKey: 'x',
  },
};

/** One of very many batches. */
function bodyOf(at: number): string {
  const id = (offset: number) => ({ $oid: documentOf((7 * at + offset) % DOCUMENTS)._id.toHexString() });
  const queries = {
    ...Object.fromEntries(
      Array.from({ length: 5 }, (_, key) => [
        `get${key}`,
        { source: 'store', op: 'get', params: { path: `/${at}/${key}` } },
      ]),
    ),
    ...Object.fromEntries(
      Array.from({ length: 5 }, (_, key) => [
        `one${key}`,
        { source: 'shop', op: 'findOne', params: { collection: 'items', filter: { _id: id(key) } } },
      ]),
    ),
    few: {
      source: 'shop',
      op: 'find',
      params: { collection: 'items', filter: { _id: { $in: Array.from({ length: 20 }, (_, key) => id(key + 5)) } } },
    },
    object: { source: 'objects', op: 'getObject', params: { key: String(1000 + (at % 9000)) } },
  };
  return JSON.stringify({ queries });
}

await using codap = await startCodapProcess({ sources });
const { port } = codap;
const agent = new Agent({ keepAlive: true });
let asked = 0;
/** What was not answered whole, by what came instead. */
const failed = new Map<string, number>();

async function send(): Promise<void> {
  const sent = request({ port, agent, method: 'POST', path: '/kv', headers: { 'content-type': 'application/json' } });
  sent.end(bodyOf(asked++));
  let what: string;
  try {
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const text = await read(answer);
    if (answer.headers['codap-complete'] === 'true') return;
    what = `${answer.statusCode} ${/"code":"(\w+)"/.exec(text)?.[1] ?? text.slice(0, 200)}`;
  } catch (error) {
    what = (error as NodeJS.ErrnoException).code ?? 'broken';
  }
  failed.set(what, (failed.get(what) ?? 0) + 1);
}

/** Batches a second that so many clients get answered, each of which asks again once it has its answer. */
async function carried(seconds: number): Promise<number> {
  const from = asked;
  const end = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (performance.now() < end) await send();
    }),
  );
  return (asked - from) / seconds;
}

interface Look {
  readonly minute: number;
  readonly mib: number;
  readonly files: number;
}

async function look(minute: number): Promise<Look> {
  return { minute, mib: (await codap.rss()) / MIB, files: await codap.openFiles() };
}

/** By how much a value grows in ten minutes, by least squares. */
function slopeOf(looks: readonly Look[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(looks.map(({ minute }) => minute)), mean(looks.map(({ mib }) => mib))];
  const across = looks.reduce((sum, { minute, mib }) => sum + (minute - x) * (mib - y), 0);
  return (10 * across) / looks.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0);
}

await carried(10);
const rate = (await carried(10)) / 2;
failed.clear();
console.log(
  `half of the load that it carries: ${rate.toFixed(0)} batches of 12 queries a second, for ${MINUTES} minutes`,
);
const looks: Look[] = [];
const began = performance.now();
const from = asked;
const pending = new Set<Promise<void>>();
while (performance.now() - began < MINUTES * 60_000) {
  const elapsed = performance.now() - began;
  while (asked - from < (elapsed / 1000) * rate) {
    const one = send();
    pending.add(one);
    void one.finally(() => pending.delete(one));
  }
  if (elapsed >= looks.length * LOOK_MS) {
    looks.push(await look(elapsed / 60_000));
    const { minute, mib, files } = looks.at(-1)!;
    if (looks.length % 30 === 1)
      console.log(`${minute.toFixed(0).padStart(3)} min: RSS ${mib.toFixed(0)} MiB, ${files} open files`);
  }
  await pause(5);
}
await Promise.all(pending);
const half = looks.slice(looks.length >> 1);
const slope = slopeOf(half);
const peak = Math.max(...looks.map(({ mib }) => mib));
const [least, most] = [Math.min(...half.map(({ files }) => files)), Math.max(...half.map(({ files }) => files))];
console.log(`${asked - from} batches`, ...(failed.size > 0 ? ['of which failed', Object.fromEntries(failed)] : []));
console.log(
  `RSS at most ${peak.toFixed(0)} MiB (at most ${LIMIT_MIB}); in the second half it grows by ${slope.toFixed(1)} MiB in ten minutes (less than ${MOST_PER_TEN_MINUTES}), open files ${least} to ${most}`,
);
if (peak > LIMIT_MIB || slope >= MOST_PER_TEN_MINUTES || failed.size > 0) process.exitCode = 1;
agent.destroy();
await codap.end();
for (const store of [rest, mongo, s3]) store!.child.disconnect();
