import { fork } from 'node:child_process';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';

/** The most memory that codap holds while it sends 10 GiB in one zip, of REST bodies and of S3 objects, each in a process of its own. */
const FILES = 10;
const BYTES = 2 ** 30;
const LIMIT_MIB = 256;

const start = (file: string, ...args: string[]) => fork(fileURLToPath(new URL(file, import.meta.url)), args);
const store = start('archive-store.ts');
const [storePort] = (await once(store, 'message')) as [number];

const queries = {
  REST: { source: 'store', op: 'get', params: { path: `/${BYTES}` } },
  S3: { source: 'objects', op: 'getObject', params: { key: String(BYTES) } },
};
for (const [name, query] of Object.entries(queries)) {
  const codap = start('archive-server.ts', 'codap', `http://127.0.0.1:${storePort}`);
  const [port] = (await once(codap, 'message')) as [number];
  const headers = { 'content-type': 'application/json', accept: 'application/zip' };
  const asked = request({ port, path: '/ordered', method: 'POST', headers });
  asked.end(JSON.stringify({ queries: Array.from({ length: FILES }, () => query) }));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await once(answer, 'end');
  if (bytes < FILES * BYTES) throw new Error(`answered ${answer.statusCode}, ${bytes} bytes`);
  codap.send('usage');
  const [{ peak }] = (await once(codap, 'message')) as [{ peak: number }];
  const mib = peak / 2 ** 20;
  console.log(`10 GiB of ${name} in one zip: peak RSS ${mib.toFixed(0)} MiB (at most ${LIMIT_MIB})`);
  if (mib > LIMIT_MIB) process.exitCode = 1;
  codap.disconnect();
}
store.disconnect();
