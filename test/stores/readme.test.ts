import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { expect, inject, it } from 'vitest';
import { ROOT } from '../../stores/folder.ts';
import { freePort } from '../../stores/free-port.ts';
import { buildEnvironment } from '../containers/build-by-hand.ts';
import { text as read } from '../containers/files.ts';
import { keysInOrder, loosely } from '../loosely.ts';

/** The code blocks of README's five steps, without their indentation. */
const [section = ''] = /^## With your own stores\n[^]*?^(?=## )/m.exec(read('README.md')) ?? [];
const blocks = Array.from(section.matchAll(/^ {3}```(\w+)\n([^]*?)^ {3}```$/gm), ([, kind = '', content = '']) => ({
  kind,
  content: content.replaceAll(/^ {3}/gm, ''),
}));

const NEXT = '--- the next step ---';
const withoutTimes = (lines: string) => lines.replaceAll(/\d+\.\d ms/g, 'so many ms');

it('README.md leads from an empty folder to an answer of one’s own stores, word for word', async () => {
  expect(blocks.map(({ kind }) => kind)).toEqual(['sh', 'yaml', 'sh', 'text', 'sh', 'sh', 'json']);
  const port = await freePort();
  const { mongoUrl, s3Endpoint, s3 } = inject('stores');
  // Whoever follows the steps has addresses of their own, and so has this test.
  const own = Object.entries({
    'https://git.example/codap.git': ROOT,
    'mongodb://127.0.0.1:27017': mongoUrl,
    'http://127.0.0.1:7070': s3Endpoint,
    'http://127.0.0.1:8080': `http://127.0.0.1:${port}`,
    '_ID=codap': `_ID=${s3.accessKeyId}`,
    '_KEY=codap-secret': `_KEY=${s3.secretAccessKey}`,
  });
  const [clone, yaml, check, checked, start, ask, answered] = blocks.map(({ content }) =>
    own.reduce((block, [shown, real]) => block.replace(shown, real), content),
  ) as [string, string, string, string, string, string, string];
  const script = [
    clone,
    `cat > codap.yaml <<'EOF'\n${yaml}EOF`,
    check,
    `{ ${start} } >&2 &`,
    `until curl -sf http://127.0.0.1:${port}/health/live >&2; do sleep 0.1; done`,
    `echo '${NEXT}'`,
    ask,
  ].join('\n');

  const folder = await mkdtemp(`${tmpdir()}/codap-readme-`);
  const shell = spawn('sh', ['-e', '-c', script], {
    cwd: folder,
    env: buildEnvironment({ PORT: String(port) }),
    detached: true,
  });
  const output = Promise.all([text(shell.stdout), text(shell.stderr)]);
  const [status] = (await once(shell, 'exit')) as [number];
  // What serves goes on after the shell.
  process.kill(-shell.pid!, 'SIGTERM');
  const [out, err] = await output;
  await rm(folder, { recursive: true });

  expect(status, err).toBe(0);
  const [before = '', answer = ''] = out.split(`${NEXT}\n`);
  expect(withoutTimes(before)).toContain(withoutTimes(checked));
  const [given, shown] = [answer, answered].map((one) => JSON.parse(one) as unknown);
  expect(given).toEqual(loosely(shown));
  expect(keysInOrder(given, shown)).toEqual(keysInOrder(shown, shown));
}, 240_000);
