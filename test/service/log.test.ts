import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, createReadStream, openSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Logger } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger, Secrets } from '../../src/service/log.ts';

/** Logs lines of many lengths, as fast as they are taken. */
const WRITER = `
  import { createLogger, Secrets } from '${new URL('../../src/service/log.ts', import.meta.url).href}';
  const log = createLogger('info', new Secrets([]));
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

it('a line that cannot be made fails nobody who logs it, and costs that line alone', () => {
  const lines: string[] = [];
  const log = createLogger('info', new Secrets([]), { write: (line) => void lines.push(line) });
  const unread = Object.defineProperty(new Error(), 'message', { get: () => expect.fail('it is told nobody') });
  for (const err of [new Error('one'), unread, new Error('two')]) log.child({}).error({ err }, 'line');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { err: { message: 'one' } },
    { err: { message: 'two' } },
  ]);
});

describe('values of headers that are ordinary words', () => {
  const own = {
    requestId: 'a-request',
    caller: 'web',
    pattern: 'kv',
    batch: 'shop-front',
    source: 'shop',
    sources: ['shop', 'photos'],
    batches: ['shop-front'],
    status: 'partial',
    failed: 'TIMEOUT',
    path: '/shop/0',
    paths: ['server.port'],
    method: 'POST',
    route: '/batches/:name',
    reason: 'forbidden',
    signal: 'SIGTERM',
    file: 'codap.yaml',
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    span_id: 'b7ad6b7169203331',
    hostname: hostname(),
  };
  const { requestId: _sent, ...named } = own;
  const words = [...Object.keys(own), ...Object.values(named).flat(), 'level', 'time', 'message', 'stack'];

  it.each(words)('hide no name of a field and no word of codap, such as %s', (word) => {
    const err = Object.assign(new Error('-'), { stack: '-' });
    const [usual, hiding] = [new Secrets([]), new Secrets([word])].map((secrets) => {
      const lines: string[] = [];
      const log = createLogger('info', secrets, { write: (line) => void lines.push(line) });
      log.child(own).info({ ...own, time: 0, err }, `words of codap: ${word}`);
      return lines.map((line) => line.replace(/"time":\d{2,},/, ''));
    });
    expect(hiding).toEqual(usual);
  });

  it.each([
    ['as an error', (log: Logger, err: Error) => log.error(err)],
    ['beside no words', (log: Logger, err: Error) => log.error({ err })],
    ['beside words', (log: Logger, err: Error) => log.error({ err }, 'words')],
    ['as a cause', (log: Logger, err: Error) => log.error({ err: new Error('x', { cause: err }) }, 'words')],
    ['bound', (log: Logger, err: Error) => log.child({ err }).error('words')],
    ['in a text', (log: Logger, { message }: Error) => log.error({ detail: message, list: [message] }, 'words')],
  ])('are hidden in a text that is not, logged %s', (_how, write) => {
    const lines: string[] = [];
    const log = createLogger('info', new Secrets(['shop']), { write: (line) => void lines.push(line) });
    write(log, new Error('GET http://shop/ of "shop" said shop'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('shop');
    expect(lines[0]).toContain('GET http://[redacted]/ of \\"[redacted]\\" said [redacted]');
  });
});

/** Logs more than is kept and more than a pipe holds, and then what it is told. */
const FLOOD = `
  import { createLogger, Secrets } from '${new URL('../../src/service/log.ts', import.meta.url).href}';
  const log = createLogger('info', new Secrets([]));
  for (let at = 0; at < 8000; at += 1) log.info({ at, text: 'x'.repeat(200) }, 'line');
  process.stdin.on('data', (told) => {
    log.warn(String(told));
    if (String(told) === 'exit') process.exit(7);
    process.stdin.destroy();
  });
  process.stderr.write('flooded');
`;

interface Flooded {
  readonly child: ChildProcess;
  /** Its standard output, which nobody reads yet. */
  readonly output: () => Readable;
}

/** Starts one with an output that no other test listens to. */
function startWriter(writer: string, output: number | 'pipe' | Writable): ChildProcess {
  return spawn('sh', ['-c', 'exec "$0" --input-type=module --eval "$1" >&3', process.execPath, writer], {
    stdio: ['pipe', 'pipe', 'pipe', output],
  });
}

const STALLED: Readonly<Record<string, () => Flooded>> = {
  'a pipe'() {
    const pipe = join(tmpdir(), `codap-log-${crypto.randomUUID()}`);
    execFileSync('mkfifo', [pipe]);
    const both = openSync(pipe, constants.O_RDWR);
    const child = startWriter(FLOOD, both);
    return {
      child,
      output() {
        const reader = createReadStream('', { fd: openSync(pipe, constants.O_RDONLY) });
        closeSync(both);
        rmSync(pipe);
        return reader;
      },
    };
  },
  'a socket'() {
    const child = startWriter(FLOOD, 'pipe');
    return { child, output: () => child.stdio[3] as Readable };
  },
};

describe.runIf(process.platform === 'linux').each(Object.keys(STALLED))('where nobody reads %s', (kind) => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  const flood = async (): Promise<Flooded> => {
    const flooded = STALLED[kind]!();
    ({ child } = flooded);
    await once(child.stderr!, 'data');
    return flooded;
  };

  it('much is kept until somebody does, and the rest is counted', async () => {
    const { output } = await flood();
    child!.stdin!.write('last');
    const all = await text(output());
    const lines = all
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const kept = lines.filter(({ msg }) => msg === 'line');
    expect(all.length).toBeGreaterThan(2 ** 20);
    expect(all.length).toBeLessThan(1.5 * 2 ** 20);
    expect(kept.map(({ at }) => at)).toEqual(kept.keys().toArray());
    // The last word may be one of them.
    const told = lines.filter(({ msg }) => msg !== 'line');
    const lost = told.find(({ msg }) => msg === 'lines were lost: the log could not be written');
    expect(lost).toMatchObject({ level: 40, lines: 8002 - kept.length - told.length });
  });

  it('the process exits all the same', async () => {
    const { output } = await flood();
    const began = performance.now();
    child!.stdin!.write('exit');
    expect(await once(child!, 'exit')).toEqual([7, null]);
    expect(performance.now() - began).toBeLessThan(1000);
    output().destroy();
  });
});

// On a machine that is busy the reader may not get its turn for longer than the writer waits.
it(
  'what is logged just before the process exits is read by who begins to read a little later',
  { retry: 3 },
  async () => {
    const log = new URL('../../src/service/log.ts', import.meta.url).href;
    const writer = `
    import { createLogger, Secrets } from '${log}';
    const log = createLogger('info', new Secrets([]));
    for (let at = 0; at < 1000; at += 1) log.info({ at, text: 'x'.repeat(200) }, 'line');
    process.exit();
  `;
    // A process of its own reads: this one has other things to do.
    const reader = spawn('sh', ['-c', 'read -r first; wc -l']);
    startWriter(writer, reader.stdin);
    reader.stdin.destroy();
    expect(Number(await text(reader.stdout))).toBe(999);
  },
);
