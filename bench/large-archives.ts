import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { demoConfig } from '../demo/config.ts';
import { startStores } from '../demo/stores.ts';
import { startCodapProcess } from '../test/codap-process.ts';
import { askBytes } from '../test/endpoints/bytes.ts';
import { startScripted } from '../test/scripted-store.ts';

/**
 * Archives beyond what old formats hold, made by codap and unpacked by others: a file of more than 4 GiB, and
 * 70,000 files. Ends with 1 if anything is amiss. `ONLY` names those to run.
 */
const BIG = 2 ** 32 + 1_000_000;
const MANY = 70_000;
const MIB = 2 ** 20;

const exec = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'codap-large-'));
const file = join(folder, 'archive.zip');
const stores = await startStores();
await stores.putSynthetic('files', 'big.bin', BIG);
const numbers = JSON.stringify(Array.from({ length: MANY }, (_, at) => at));
const scripted = await startScripted((path, response) => {
  response.setHeader('content-type', path === '/list' ? 'application/json' : 'text/plain');
  response.end(path === '/list' ? numbers : path);
});

const small = { source: 'files', op: 'getObject', params: { key: 'reports/2026-03.csv' }, as: 'small.csv' };
const bigOfRest = { source: 'catalog', op: 'get', params: { path: '/big', query: { bytes: BIG } }, as: 'big.bin' };
const bigOfS3 = { ...small, params: { key: 'big.bin' }, as: 'big.bin' };
const list = { source: 'scripted', op: 'get', params: { path: '/list' }, hidden: true };
const files = {
  forEach: { $result: '/list' },
  as: { $join: ['files/', { $item: '' }, '.txt'] },
  source: 'scripted',
  op: 'get',
  params: { path: ['file', { $item: '' }] },
};

/** Asks a codap of its own process for an archive and hands it to `unpack`. */
async function run(
  name: string,
  accept: string,
  queries: object,
  unpack: (archive: Readable) => Promise<boolean>,
): Promise<void> {
  if (!name.includes(process.env['ONLY'] ?? '')) return;
  const { sources } = demoConfig(stores);
  await using codap = await startCodapProcess({
    limits: { calls: 2 * MANY },
    sources: { ...sources, scripted: { adapter: 'rest', url: scripted.url } },
  });
  const idle = await codap.rss();
  let peak = 0;
  const watch = setInterval(() => void codap.rss().then((rss) => (peak = Math.max(peak, rss))), 200);
  const began = performance.now();
  const { body } = await askBytes(`${codap.url}/kv`, { queries, timeoutMs: 30_000 }, accept);
  let ended = began;
  body.once('end', () => (ended = performance.now()));
  const whole = await unpack(body);
  clearInterval(watch);
  if (!whole) process.exitCode = 1;
  const seconds = ((ended - began) / 1000).toFixed(1);
  const memory = `${(idle / MIB).toFixed(0)} MiB idle, ${(peak / MIB).toFixed(0)} MiB at most`;
  console.log(`${name.padEnd(40)} ${whole ? 'unpacked clean' : 'NOT WHOLE'}, sent in ${seconds} s, ${memory}`);
}

/** Reads every entry and compares its checksum; `unzip` says nothing where all is well. */
async function unzips(archive: Readable): Promise<boolean> {
  await pipeline(archive, createWriteStream(file));
  return exec('unzip', ['-tqq', file]).then(
    ({ stdout, stderr }) => stdout + stderr === '',
    () => false,
  );
}

const python = async (expression: string): Promise<string> => {
  const code = `import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(${expression})`;
  return (await exec('python3', ['-c', code, file])).stdout.trim();
};

const bigAndSmall = async (archive: Readable): Promise<boolean> =>
  (await unzips(archive)) && (await python('[i.file_size for i in z.infolist()]')).startsWith(`[${BIG}, `);

try {
  await run('zip, a file beyond 4 GiB, of REST', 'application/zip', { big: bigOfRest, small }, bigAndSmall);
  await run('zip, a file beyond 4 GiB, of S3', 'application/zip', { big: bigOfS3, small }, bigAndSmall);
  await run('tar, a file beyond 4 GiB, of REST', 'application/x-tar', { big: bigOfRest, small }, async (archive) => {
    const tar = spawn('tar', ['-tv'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const listing = text(tar.stdout);
    await pipeline(archive, tar.stdin);
    const lines = (await listing).trim().split('\n');
    return lines.length === 2 && lines[0]?.split(/\s+/)[2] === String(BIG);
  });
  await run('zip, 70,000 files', 'application/zip', { list, files }, async (archive) => {
    const each = `all(z.read(f'files/{n}.txt') == f'/file/{n}'.encode() for n in range(${MANY}))`;
    return (await unzips(archive)) && (await python(`len(z.namelist()), ${each}`)) === `${MANY} True`;
  });
} finally {
  await scripted.close();
  await stores.close();
  await rm(folder, { recursive: true });
}
