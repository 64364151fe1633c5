import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADA } from '../../demo/data.ts';
import { seed } from '../../demo/seed.ts';
import { freePort } from '../../stores/free-port.ts';
import { openStores } from '../../stores/open-stores.ts';
import type { Stores } from '../../stores/stores.ts';
import { type Built, buildByHand, pathWithNode } from '../containers/build-by-hand.ts';
import { only, type Stage } from '../containers/dockerfile.ts';
import { compose, stages } from '../containers/files.ts';

const exec = promisify(execFile);
const image = stages.at(-1) as Stage;

describe('what the Dockerfile builds', () => {
  let folder: string;
  /** Its own: what is filled anew here other files read. */
  let stores: Stores;
  let built: Built;
  let before: string[];
  let env: Record<string, string>;
  const running: ChildProcess[] = [];

  const run = ([program, ...args]: readonly string[], extra: Record<string, string> = {}) => {
    const child = spawn(program!, args, { cwd: built.workdir, env: { ...env, ...extra } });
    child.stdout.pipe(process.stdout, { end: false });
    child.stderr.pipe(process.stderr, { end: false });
    running.push(child);
    return child;
  };

  beforeAll(async () => {
    folder = await mkdtemp(`${tmpdir()}/codap-image-`);
    stores = await openStores();
    await seed(stores);
    built = await buildByHand(stages, folder);
    before = await readdir(built.root, { recursive: true });
    const { mongoUrl, s3Endpoint, s3 } = stores;
    const restPort = await freePort();
    env = {
      PATH: pathWithNode(),
      ...built.env,
      CODAP_HOST: '127.0.0.1',
      CODAP_PORT: String(await freePort()),
      CODAP_LOG_LEVEL: 'warn',
      CODAP_CONFIG: String(compose.services.codap.environment?.['CODAP_CONFIG']),
      MONGO_URL: mongoUrl,
      S3_ENDPOINT: s3Endpoint,
      S3_PUBLIC_ENDPOINT: s3Endpoint,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      REST_URL: `http://127.0.0.1:${restPort}`,
    };
    run(compose.services.rest.entrypoint!, { CODAP_PORT: String(restPort) });
    run([...only(image, 'ENTRYPOINT'), ...only(image, 'CMD')]);
    await answers(`http://127.0.0.1:${env['CODAP_PORT']}/health/ready`);
    await answers(`${env['REST_URL']}/products`);
  }, 300_000);

  afterAll(async () => {
    for (const child of running) child.kill();
    await Promise.all(running.map(ended));
    await stores.close();
    await rm(folder, { recursive: true });
  });

  it('fills the stores', async () => {
    expect(await ended(run(compose.services.seed.entrypoint!))).toBe(0);
  });

  it('serves the stores as docker compose does', async () => {
    const user = { collection: 'users', filter: { _id: { $oid: ADA } } };
    const response = await fetch(`http://127.0.0.1:${env['CODAP_PORT']}/kv`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        timeoutMs: 10_000,
        shape: 'values',
        queries: {
          user: read('shop', 'findOne', user),
          hello: read('photos', 'getObject', { key: 'welcome.txt' }),
          film: read('files', 'headObject', { key: 'films/reading-1.bin' }),
          product: read('catalog', 'get', { path: '/products/B-101' }),
        },
      }),
    });
    expect(await response.json()).toMatchObject({
      user: { name: 'Ada Lovelace' },
      hello: expect.stringContaining('Welcome'),
      film: { size: 20_000_000 },
      product: { title: 'The Patient Engine' },
    });
    expect(response.headers.get('codap-complete')).toBe('true');
  });

  it('is healthy by its own check', async () => {
    const [, program, ...args] = only(image, 'HEALTHCHECK');
    await expect(exec(program!, args, { cwd: built.workdir, env })).resolves.toBeDefined();
  });

  it('ends with status 0 when it is told to', async () => {
    const statuses = running.slice(0, 2).map((child) => {
      child.kill('SIGTERM');
      return ended(child);
    });
    expect(await Promise.all(statuses)).toEqual([0, 0]);
  });

  it('has written nothing beside what was built', async () => {
    expect(await readdir(built.root, { recursive: true })).toEqual(before);
  });
});

async function answers(url: string): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  while (
    !(await fetch(url, { signal }).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await pause(50, undefined, { signal });
}

async function ended(child: ChildProcess) {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  return child.exitCode ?? child.signalCode;
}

function read(source: string, op: string, params: object) {
  return { source, op, params };
}
