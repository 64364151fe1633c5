import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startService } from './service.ts';

const root = new URL('..', import.meta.url);
const exec = promisify(execFile);
/** How a program of each language is run, and what begins a comment in it. */
const LANGUAGES = {
  sh: { file: 'program.sh', command: 'bash' },
  js: { file: 'program.mjs', command: process.execPath },
  python: { file: 'program.py', command: 'python3' },
} as const;

interface Program {
  readonly line: number;
  readonly language: keyof typeof LANGUAGES;
  readonly code: string;
}

function programsOf(text: string): Program[] {
  return [...text.matchAll(/```(sh|js|python)\n([\s\S]*?)```/g)].map(({ index, 1: language, 2: code = '' }) => ({
    line: text.slice(0, index).split('\n').length,
    language: language as Program['language'],
    code,
  }));
}

/** What a program says it prints: a comment with an arrow for each line; `…` stands for anything. */
function printedBy(code: string): RegExp[] {
  return Array.from(code.matchAll(/(?:#|\/\/) → (.*)$/gm), ([, text = '']) => {
    const parts = text.split('…').map((part) => RegExp.escape(part));
    return new RegExp(`^${parts.join('.*')}$`);
  });
}

let service: Service;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codap-programs-'));
  service = await startService();
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true });
});

async function run({ language, code }: Program): Promise<string[]> {
  const { file, command } = LANGUAGES[language];
  await writeFile(join(folder, file), code.replaceAll('http://127.0.0.1:8080', service.url));
  const { stdout } = await exec(command, [file], { cwd: folder, env: { ...process.env, PYTHONUTF8: '1' } });
  return stdout.trimEnd().split('\n');
}

const programs = programsOf(await readFile(new URL('docs/encodings.md', root), 'utf8'));

describe('docs/encodings.md', () => {
  it.each(programs.map((program) => [program.line, program.language, program] as const))(
    'line %i: the program (%s) prints what its comments say',
    async (_, __, program) => {
      const expected = printedBy(program.code);
      expect(expected.length).toBeGreaterThan(0);
      const lines = await run(program);
      expect(lines).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as string));
    },
    60_000,
  );

  it('shows for each encoding how to read it from a shell, a browser or Node, and Python', async () => {
    const text = await readFile(new URL('docs/encodings.md', root), 'utf8');
    const sections = text.split(/^## /m).slice(1);
    expect(sections.map((section) => section.split('\n')[0])).toEqual([
      'JSON',
      'NDJSON',
      'Server-sent events',
      'Archives',
      'CSV',
      'Raw bytes',
    ]);
    for (const section of sections)
      expect(new Set(programsOf(section).map(({ language }) => language))).toEqual(new Set(['sh', 'js', 'python']));
  });
});

it('README.md: each archive it asks for is one that unzip finds whole', async () => {
  const text = await readFile(new URL('README.md', root), 'utf8');
  const asking = programsOf(text).filter(({ code }) => code.includes('application/zip'));
  expect(asking).toHaveLength(2);
  for (const program of asking) {
    const [, file = ''] = /-o (\S+)/.exec(program.code) ?? [];
    await run(program);
    const { stdout } = await exec('unzip', ['-Z1', file], { cwd: folder });
    expect(stdout).not.toContain('_INCOMPLETE.json');
    await exec('unzip', ['-tqq', file], { cwd: folder });
  }
});
