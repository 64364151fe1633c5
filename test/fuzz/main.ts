import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';

/**
 * Sends the demo what its OpenAPI document allows and what it does not, at most 10 examples of each
 * operation: no 500, no answer outside its schema, not a word on stderr.
 */

const VERSION = '4.32.5';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VENV = `${ROOT}.stores/schemathesis-${VERSION}`;
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
];

async function run(command: string, args: readonly string[]): Promise<number> {
  const [status] = (await once(spawn(command, args, { stdio: 'inherit', cwd: `${ROOT}.stores` }), 'close')) as [
    number | null,
  ];
  return status ?? 1;
}

async function install(): Promise<void> {
  if (existsSync(`${VENV}/bin/schemathesis`)) return;
  const made = await run('python3', ['-m', 'venv', VENV]);
  if (made !== 0 || (await run(`${VENV}/bin/pip`, ['install', '--quiet', `schemathesis==${VERSION}`])) !== 0) {
    throw new Error('schemathesis could not be installed; it needs Python 3 with its venv module');
  }
}

async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error('the demo never listened');
}

// What schemathesis leaves behind it leaves in the ignored folder, too.
mkdirSync(`${ROOT}.stores`, { recursive: true });
await install();
const demo = spawn(process.execPath, ['bin/codap.js', 'demo', '--port', '0'], {
  cwd: ROOT,
  stdio: ['ignore', 'pipe', 'pipe'],
});
let warned = false;
demo.stderr.on('data', () => (warned = true)).pipe(process.stderr);
try {
  const address = await addressOf(demo.stdout);
  demo.stdout.resume();
  process.exitCode = await run(`${VENV}/bin/schemathesis`, [
    `--config-file=${ROOT}test/fuzz/schemathesis.toml`,
    'run',
    `${address}/openapi.json`,
    `--checks=${CHECKS.join(',')}`,
    '--phases=examples,coverage,fuzzing',
    '--max-examples=10',
    '--generation-database=none',
    '--warnings=off',
  ]);
  if (warned) process.exitCode = 1;
} finally {
  demo.kill();
}
