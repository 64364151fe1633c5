import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { engineAnswers, startComposeStores } from '../../stores/compose-stores.ts';
import { installStores } from '../../stores/install.ts';
import { withLock } from '../../stores/lock.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(`${tmpdir()}/codap-stores-`);
  await mkdir(`${folder}/bin`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** A command that notes its arguments, one line a call, and then does what `script` says. */
async function command(name: string, script = ''): Promise<void> {
  const path = `${folder}/bin/${name}`;
  await writeFile(path, `#!/bin/sh\necho ${name} "$@" >> ${folder}/calls\n${script}\n`);
  await chmod(path, 0o755);
}

const calls = async () => (await readFile(`${folder}/calls`, 'utf8')).trimEnd().split('\n');
const PIP = 'sleep 0.1; mkdir -p "$3/bin"; cp "$(dirname "$0")/pip" "$3/bin/pip"';

describe('installing the servers', () => {
  beforeEach(() => vi.stubEnv('PATH', `${folder}/bin:/usr/bin:/bin`));

  it('is done once when two start at the same time, and not again later', async () => {
    await command('python3', PIP);
    await command('pip');
    await command('go', 'touch "$GOBIN/versitygw"');
    const [one, other] = await Promise.all([installStores(`${folder}/stores`), installStores(`${folder}/stores`)]);
    expect(one).toEqual(other);
    await installStores(`${folder}/stores`);
    expect((await calls()).map((call) => call.split(' ')[0])).toEqual(['python3', 'pip', 'go']);
    expect((await calls()).slice(1)).toEqual([
      expect.stringMatching(/^pip install SecantusDB==\d/),
      expect.stringMatching(/^go install \S+versitygw@v\d+\.\d+\.\d+$/),
    ]);
  });

  it('is begun anew after one that failed, which says where its output is', async () => {
    await command('python3', 'exit 1');
    await expect(installStores(`${folder}/stores`)).rejects.toThrow(
      /python3 -m venv .* failed; its output is in .*\.log/,
    );
    await command('python3', PIP);
    await command('pip');
    await command('go');
    await expect(installStores(`${folder}/stores`)).resolves.toBeDefined();
  });

  it('says in a sentence that Python is missing, or Go', async () => {
    vi.stubEnv('PATH', `${folder}/bin`);
    await expect(installStores(`${folder}/stores`)).rejects.toThrow(
      /^Python 3 .* is needed .* install it, or start a Docker/,
    );
    vi.stubEnv('PATH', `${folder}/bin:/usr/bin:/bin`);
    await command('python3', PIP);
    await command('pip');
    await installStores(`${folder}/stores`).catch(() => {});
    vi.stubEnv('PATH', `${folder}/bin`);
    await expect(installStores(`${folder}/stores`)).rejects.toThrow(/^Go is needed .* install it, or start a Docker/);
  });
});

describe('a lock', () => {
  it('lets one after the other work, and is free again after a failure', async () => {
    const order: string[] = [];
    const first = withLock(`${folder}/lock`, async () => {
      order.push('first begins');
      await new Promise((done) => setImmediate(done));
      order.push('first ends');
      throw new Error('broken');
    });
    const second = withLock(`${folder}/lock`, async () => order.push('second'));
    await expect(first).rejects.toThrow('broken');
    await second;
    expect(order).toEqual(['first begins', 'first ends', 'second']);
  });

  it('of a process that has died is taken over', async () => {
    await symlink('999999999', `${folder}/lock`);
    await expect(withLock(`${folder}/lock`, async () => 'done')).resolves.toBe('done');
  });
});

describe('containers', () => {
  it('are used only where both Compose and an engine answer', async () => {
    vi.stubEnv('PATH', `${folder}/bin`);
    expect(await engineAnswers()).toBe(false);
    await command('docker', '[ "$1" = compose ]');
    expect(await engineAnswers()).toBe(false);
    await command('docker');
    expect(await engineAnswers()).toBe(true);
  });

  it('are started apart from other projects, waited for, and taken down with their data', async () => {
    vi.stubEnv('PATH', `${folder}/bin`);
    await command('docker', `echo $MONGO_PORT $S3_PORT >> ${folder}/ports`);
    const stores = await startComposeStores();
    await stores.close();
    const [mongo, s3] = (await readFile(`${folder}/ports`, 'utf8')).split(/\s/);
    expect(stores).toMatchObject({ mongoUrl: `mongodb://127.0.0.1:${mongo}`, s3Endpoint: `http://127.0.0.1:${s3}` });
    const project = `docker compose --project-name codap-stores-${process.pid}`;
    expect(await calls()).toEqual([`${project} up --detach --wait mongo s3`, `${project} down --volumes`]);
  });
});
