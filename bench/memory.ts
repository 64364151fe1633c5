import { fork } from 'node:child_process';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { startCodapProcess } from '../test/codap-process.ts';

/**
 * The most memory that codap holds while it sends 10 GiB in one zip, of REST bodies and of S3 objects, each
 * in a process of its own.
 */
const FILES = 10;
const BYTES = 2 ** 30;
const LIMIT_MIB = 256;
const MIB = 2 ** 20;

const store = fork(new URL('archive-store.ts', import.meta.url));
const [storePort] = (await once(store, 'message')) as [number];
const url = `http://127.0.0.1:${storePort}`;
const credentials = { region: 'x', accessKeyId: 'x', secretAccessKey: 'x' };
const sources = {
  store: { adapter: 'rest', url, coalesce: false },
  objects: { adapter: 's3', endpoint: url, bucket: 'big', forcePathStyle: true, ...credentials },
};

const queries = {
  REST: { source: 'store', op: 'get', params: { path: `/${BYTES}` } },
  S3: { source: 'objects', op: 'getObject', params: { key: String(BYTES) } },
};
for (const [name, query] of Object.entries(queries)) {
  await using codap = await startCodapProcess({ sources });
  const { port } = codap;
  const idle = await codap.rss();
  const headers = { 'content-type': 'application/json', accept: 'application/zip' };
  const asked = request({ port, path: '/ordered', method: 'POST', headers });
  asked.end(JSON.stringify({ queries: Array.from({ length: FILES }, () => query) }));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await once(answer, 'end');
  if (bytes < FILES * BYTES) throw new Error(`answered ${answer.statusCode}, ${bytes} bytes`);
  const mib = (await codap.peakRss()) / MIB;
  console.log(
    `10 GiB of ${name} in one zip: peak RSS ${mib.toFixed(0)} MiB (at most ${LIMIT_MIB}), idle ${(idle / MIB).toFixed(0)} MiB`,
  );
  if (mib > LIMIT_MIB) process.exitCode = 1;
}
store.disconnect();
