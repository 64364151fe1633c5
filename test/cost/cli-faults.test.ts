import { execFile } from 'node:child_process';
import { mkdtemp, mkdtempDisposable, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../../stores/folder.ts';

const exec = promisify(execFile);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codap-faults-'));
});
afterAll(() => rm(folder, { recursive: true }));

const BUCKET =
  'the name of a bucket, 3 to 255 letters, digits, ".", "_" and "-", is allowed here: it begins and ends with a letter or digit, and no two dots stand together';

it.each<[string, readonly string[]]>([
  ['', ['FILE: an object is allowed here']],
  ['- configuration', ['FILE: an object is allowed here']],
  ['configuration: 1', ['configuration: unknown field; allowed here: server, limits, sources, batches, callers']],
  [
    'server: { port: x }\nsources: { a: { adapter: s3, region: r, bucket: b }, c: { adapter: s3, region: r, bucket: b..d } }',
    [
      'server.port: a whole number from 0 to 65535 is allowed here',
      `sources.a.bucket: ${BUCKET}`,
      `sources.c.bucket: ${BUCKET}`,
    ],
  ],
])('codap check tells each fault of %j in a line of its own that begins alike', async (yaml, faults) => {
  const file = join(folder, 'codap.yaml');
  await writeFile(file, yaml);
  const checked = exec(process.execPath, [join(ROOT, 'bin/codap.js'), 'check', file]);
  await expect(checked).rejects.toMatchObject({
    code: 1,
    stderr: faults.map((fault) => `codap: ${fault.replace('FILE', file)}\n`).join(''),
  });
});

it.each(['start', 'serve'])(
  'codap %s tells of a codap.yaml that is a link to nowhere, and serves nothing else',
  async (word) => {
    await using own = await mkdtempDisposable(join(tmpdir(), 'codap-faults-'));
    await symlink('nowhere.yaml', join(own.path, 'codap.yaml'));
    const started = exec(process.execPath, [join(ROOT, 'bin/codap.js'), word], { cwd: own.path, timeout: 10_000 });
    await expect(started).rejects.toMatchObject({
      code: 1,
      stderr: 'codap: codap.yaml: cannot be read (a symbolic link that leads nowhere)\n',
    });
  },
);

it.runIf(process.platform === 'linux').each(['schema', 'key', 'check', '--version', 'serve --help'])(
  'codap %s fails where what it prints cannot be written',
  async (words) => {
    const file = join(folder, 'codap.yaml');
    await writeFile(file, 'sources: {}');
    const said = words === 'check' ? `check '${file}'` : words;
    const printing = exec('sh', ['-c', `exec "${process.execPath}" bin/codap.js ${said} > /dev/full`], { cwd: ROOT });
    await expect(printing).rejects.toMatchObject({ code: 1, stderr: 'codap: cannot write its output: ENOSPC\n' });
  },
);
