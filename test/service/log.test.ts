import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { createLogger, Secrets } from '../../src/service/log.ts';

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

it.each([
  { secret: '1234', logged: { ms: 12345, text: 'at 1234' }, shown: { ms: 12345, text: 'at [redacted]' } },
  { secret: 'true', logged: { ok: true, text: 'true' }, shown: { ok: true, text: '[redacted]' } },
  { secret: '1,23', logged: { all: [1, 23], text: '1,23' }, shown: { all: [1, 23], text: '[redacted]' } },
  { secret: 'name', logged: { text: 'a\name', other: 'name' }, shown: { text: 'a\name', other: '[redacted]' } },
  { secret: 'a"b\\c', logged: { text: '<a"b\\c>' }, shown: { text: '<[redacted]>' } },
  { secret: '\\u0007', logged: { text: '\u0007 \\u0007' }, shown: { text: '\u0007 [redacted]' } },
])('a line stays JSON, and its numbers as they are, without the secret $secret', ({ secret, logged, shown }) => {
  const lines: string[] = [];
  const log = createLogger('info', new Secrets([secret]), { write: (line) => void lines.push(line) });
  log.info(logged, 'line');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ ...shown, level: 30, msg: 'line' }),
  ]);
});
