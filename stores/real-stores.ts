import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { FOLDER } from './folder.ts';
import { freePort } from './free-port.ts';
import { type Programs, installStores } from './install.ts';
import { ProcessHandle } from './process-handle.ts';
import { S3_ACCESS, type Stores } from './stores.ts';

/** Servers in processes of this machine, each of which may be killed, stalled and restarted. */
export interface RealStores extends Stores {
  readonly mongo: ProcessHandle;
  readonly s3Server: ProcessHandle;
}

/** The ports that `startRealStores` takes if they are free; otherwise any. */
export interface PreferredPorts {
  readonly mongo?: number;
  readonly s3?: number;
}

/**
 * Installs both servers if need be, and starts them on loopback with empty data. Their output stays in files
 * under `.stores/runs/`.
 */
export async function startRealStores(ports: PreferredPorts = {}): Promise<RealStores> {
  const programs = await installStores();
  const run = await makeRun();
  const [mongoPort, s3Port] = [await freePort(ports.mongo), await freePort(ports.s3)];
  const mongoUrl = `mongodb://127.0.0.1:${mongoPort}`;
  const s3Endpoint = `http://127.0.0.1:${s3Port}`;
  const started = await Promise.allSettled([
    startMongo(programs, run, mongoPort, mongoUrl),
    startS3(programs, run, s3Port, s3Endpoint),
  ]);
  const close = async () => {
    await Promise.all(started.map(async (one) => one.status === 'fulfilled' && one.value.close()));
    await Promise.all([rm(`${run}/mongo`, { recursive: true }), rm(`${run}/s3`, { recursive: true })]);
  };
  const [mongo, s3Server] = started;
  if (mongo.status === 'fulfilled' && s3Server.status === 'fulfilled') {
    return {
      mongoUrl,
      s3Endpoint,
      s3: S3_ACCESS,
      mongo: mongo.value,
      s3Server: s3Server.value,
      close,
      [Symbol.asyncDispose]: close,
    };
  }
  await close();
  throw started.find((one) => one.status === 'rejected')?.reason;
}

function startMongo(programs: Programs, run: string, port: number, url: string): Promise<ProcessHandle> {
  const where = ['--host', '127.0.0.1', '--port', String(port), '--storage-path', `${run}/mongo`];
  return ProcessHandle.start({
    command: programs.secantusdb,
    args: [...where, '--standalone', '--enable-test-commands', '--sync-on-commit', '--log-level', 'WARNING'],
    output: `${run}/mongo.log`,
    async ready(signal) {
      const client = new MongoClient(url, {
        serverSelectionTimeoutMS: 60_000,
        heartbeatFrequencyMS: 500,
        minHeartbeatFrequencyMS: 50,
      });
      signal.addEventListener('abort', () => void client.close(), { once: true });
      await client.db('admin').command({ ping: 1 });
    },
  });
}

function startS3(programs: Programs, run: string, port: number, endpoint: string): Promise<ProcessHandle> {
  const { accessKeyId, secretAccessKey, region } = S3_ACCESS;
  const where = ['--port', `127.0.0.1:${port}`, '--health', '/health', '--keep-alive'];
  return ProcessHandle.start({
    command: programs.versitygw,
    args: [...where, 'posix', `${run}/s3`],
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey, VGW_REGION: region },
    output: `${run}/s3.log`,
    async ready(signal) {
      while (!(await answers(`${endpoint}/health`, signal))) await pause(50, undefined, { signal });
    },
  });
}

async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await fetch(url, { signal })).ok;
  } catch {
    return false;
  }
}

const DAY_MS = 86_400_000;

/** A new folder for one run's data and output; what runs left behind a day ago or earlier is cleared away. */
async function makeRun(): Promise<string> {
  const runs = `${FOLDER}/runs`;
  await mkdir(runs, { recursive: true });
  for (const name of await readdir(runs)) {
    const { mtimeMs } = await stat(`${runs}/${name}`).catch(() => ({ mtimeMs: Date.now() }));
    if (mtimeMs < Date.now() - DAY_MS) await rm(`${runs}/${name}`, { recursive: true, force: true });
  }
  const run = await mkdtemp(`${runs}/`);
  await Promise.all([mkdir(`${run}/mongo`), mkdir(`${run}/s3`)]);
  return run;
}
