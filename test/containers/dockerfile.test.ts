import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { HELP } from '../../src/cli/help.ts';
import { ROOT } from '../../stores/folder.ts';
import { freePort } from '../../stores/free-port.ts';
import { makeCertificate } from '../certificate.ts';
import { environmentOf, only, type Stage } from './dockerfile.ts';
import { stages, text } from './files.ts';

const exec = promisify(execFile);
const manifest = JSON.parse(text('package.json')) as { scripts: Record<string, string>; engines: { node: string } };
const image = stages.at(-1) as Stage;
const certificate = await makeCertificate('codap');
const copies = (stage: Stage) => stage.instructions.filter(({ word }) => word === 'COPY');
const runs = (stage: Stage) => stage.instructions.filter(({ word }) => word === 'RUN').map(({ text }) => text);

describe('the Dockerfile', () => {
  it('is built in stages, each on the Node that codap needs', () => {
    expect(stages.length).toBeGreaterThan(1);
    expect(new Set(stages.map((stage) => stage.image))).toEqual(new Set(['node:24-slim']));
    expect(manifest.engines.node).toBe('>=24');
  });

  it('copies from the project only what exists and .dockerignore lets through', () => {
    const letThrough = new Set([...text('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, path]) => path));
    const sources = stages.flatMap(copies).flatMap(({ flags, words }) => (flags['from'] ? [] : words.slice(0, -1)));
    expect(sources.filter((path) => !existsSync(ROOT + path))).toEqual([]);
    expect(new Set(sources.map((path) => path.split('/')[0]))).toEqual(letThrough);
    expect(text('.dockerignore')).toMatch(/^\*$/m);
  });

  it('copies from a stage only what that stage made', () => {
    const made: Record<string, RegExp> = { '/app/dist': /^npm run build$/, '/app/node_modules': /^npm ci / };
    const froms = copies(image).filter(({ flags }) => flags['from']);
    expect(new Set(froms.map(({ words }) => words[0]))).toEqual(new Set(Object.keys(made)));
    for (const { flags, words } of froms) {
      const stage = stages.find(({ name }) => name === flags['from']) as Stage;
      expect(only(stage, 'WORKDIR')).toEqual(['/app']);
      expect(runs(stage)).toContainEqual(expect.stringMatching(made[words[0]!]!));
    }
  });

  it('gives the compiler all that it compiles', () => {
    const [build] = stages as [Stage];
    const { include } = JSON.parse(text('tsconfig.build.json')) as { include: string[] };
    expect(copies(build).flatMap(({ words }) => words)).toEqual(expect.arrayContaining([...include, 'tsconfig.json']));
    expect(manifest.scripts['build']).toContain('-p tsconfig.build.json');
  });

  it('installs for the image what production needs and nothing else, and runs no script of a package', () => {
    const stage = stages.find(({ name }) => name === 'dependencies') as Stage;
    expect(runs(stage)).toEqual(['npm ci --omit=dev --omit=optional --ignore-scripts']);
    for (const command of stages.flatMap(runs)) expect(command).toMatch(/^npm (?:ci .*--ignore-scripts$|run build$)/);
  });

  it('runs as another user than root, who cannot change what is in it', () => {
    const words = image.instructions.map(({ word }) => word);
    expect(only(image, 'USER')).toEqual(['node']);
    expect(words.slice(words.indexOf('USER'))).not.toContain('COPY');
    expect(copies(image).filter(({ flags }) => flags['chown'])).toEqual([]);
  });

  it('starts codap itself, with no shell in between that would keep signals from it', () => {
    const [program, script] = only(image, 'ENTRYPOINT');
    expect(program).toBe('node');
    expect(existsSync(ROOT + script)).toBe(true);
    expect(HELP).toContain(`codap ${only(image, 'CMD')[0]} `);
    expect(copies(image).flatMap(({ words }) => words)).toEqual(expect.arrayContaining(['bin', 'package.json']));
  });

  it('listens on every address, on the port that it exposes', () => {
    const { CODAP_HOST, CODAP_PORT, NODE_ENV, ...rest } = environmentOf(image);
    expect({ CODAP_HOST, NODE_ENV, rest }).toEqual({ CODAP_HOST: '0.0.0.0', NODE_ENV: 'production', rest: {} });
    expect(only(image, 'EXPOSE')).toEqual([CODAP_PORT]);
    for (const name of ['CODAP_HOST', 'CODAP_PORT']) expect(HELP).toContain(name);
  });

  it.each([
    ['http', (answer: http.RequestListener) => http.createServer(answer)],
    ['https', (answer: http.RequestListener) => https.createServer(certificate, answer)],
  ] as const)('is healthy while /health/live answers 200 over %s, and not otherwise', async (_scheme, createServer) => {
    const [form, program, ...args] = only(image, 'HEALTHCHECK');
    expect([form, program]).toEqual(['CMD', 'node']);
    let status = 200;
    const asked: unknown[] = [];
    const server = createServer(({ url }, response) => {
      asked.push(url);
      response.writeHead(status).end();
    });
    const port = await freePort();
    await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
    const check = () => exec(process.execPath, args, { env: { CODAP_PORT: String(port) } });
    await expect(check()).resolves.toBeDefined();
    status = 503;
    await expect(check()).rejects.toMatchObject({ code: 1 });
    await new Promise((closed) => server.close(closed));
    await expect(check()).rejects.toMatchObject({ code: 1 });
    expect(asked).toEqual(['/health/live', '/health/live']);
    expect(text('routes/health.ts')).toContain(asked[0]);
  });
});
