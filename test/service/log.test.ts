import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

/** Logs lines of many lengths, as fast as they are taken. */
const WRITER = `
  import { createLogger, Secrets } from '${new URL('../../src/service/log.ts', import.meta.url).href}';
  const log = createLogger('info', new Secrets());
  for (let at = 0; at < 1000; at += 1) log.info({ at, text: 'x'.repeat(150 + ((at * 37) % 200)) }, 'line');
`;

it.runIf(process.platform === 'linux')('lines of several processes stay whole in one pipe that is full', async () => {
  const writers = Array(4).fill('"$0" --input-type=module --eval "$1" &').join(' ');
  // A pipe that nobody reads for a while is full, and takes parts of what is larger than it takes at once.
  const reader = 'sleep 1; while IFS= read -r line; do echo "$line"; done';
  const child = spawn('sh', ['-c', `{ ${writers} wait; } | { ${reader}; }`, process.execPath, WRITER], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.resume();
  const lines = (await text(child.stdout)).trimEnd().split('\n');
  expect(lines).toHaveLength(4000);
  expect(lines.filter((line) => !/^\{"level":30,[^{}]*\}$/.test(line))).toEqual([]);
});
