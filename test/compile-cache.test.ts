import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const FILE = 'bin/compile-cache.js';

it.each(['a b', 'a%20b', 'ä#?'])('what a checkout in %j has compiled is kept in the checkout', async (name) => {
  const folder = await mkdtemp(join(tmpdir(), 'codap-compile-cache-'));
  try {
    const checkout = join(folder, name);
    await cp(new URL(`../${FILE}`, import.meta.url), join(checkout, FILE));
    const code = `console.log((await import('${pathToFileURL(join(checkout, FILE)).href}')).COMPILE_CACHE)`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code]);
    expect(stdout).toBe(`${join(checkout, 'node_modules/.cache/node')}\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
});
