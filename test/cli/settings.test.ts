import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { check } from '../../src/cli/check.ts';
import { hasServiceLink, listenOn } from '../../src/cli/settings.ts';
import { StartFault } from '../../src/cli/start-fault.ts';
import { parseConfig } from '../configured.ts';

const UNSAID = { host: undefined, port: undefined };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codap-settings-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the port', () => {
  const port = (env: object, server: object = {}) => listenOn(UNSAID, env as never, parseConfig({ server })).port;

  it.each(['tcp://10.0.0.11:8080', 'udp://10.0.0.11:53', 'sctp://10.0.0.11:1'])(
    'is none that a service named codap sets: %s',
    (CODAP_PORT) => {
      const others = { CODAP_SERVICE_HOST: '10.0.0.11', CODAP_SERVICE_PORT: '1', CODAP_PORT_8080_TCP_PORT: '1' };
      expect(port({ CODAP_PORT, ...others })).toBe(8080);
      expect(port({ CODAP_PORT }, { port: 9 })).toBe(9);
      expect(port({ CODAP_PORT, PORT: '7' }, { port: 9 })).toBe(7);
      expect(listenOn({ ...UNSAID, port: 5 }, { CODAP_PORT }, parseConfig({})).port).toBe(5);
      expect([hasServiceLink({ CODAP_PORT }), hasServiceLink({ CODAP_PORT: '1' }), hasServiceLink({})]).toEqual([
        true,
        false,
        false,
      ]);
    },
  );

  it.each([
    ['CODAP_PORT', 'http://10.0.0.11:8080'],
    ['CODAP_PORT', 'tcp'],
    ['PORT', 'tcp://10.0.0.11:8080'],
  ])('is told as a fault where %s is %s', (name, text) => {
    expect(() => port({ [name]: text })).toThrow(`${name} must be a number from 0 to 65535`);
  });
});

describe('the port of metrics', () => {
  it.each([
    ['the default one', { metricsPort: 8080 }, {}, undefined],
    ['the one of CODAP_PORT', { port: 8080, metricsPort: 9464 }, { CODAP_PORT: '9464', PORT: '1' }, undefined],
    ['the one of PORT', { metricsPort: 9464 }, { PORT: '9464' }, undefined],
    ['the one of --port', { metricsPort: 9464 }, { PORT: '1' }, 9464],
  ])('is told as a fault where it is %s that is listened on', (_, server, env, port) => {
    const told = new StartFault(
      `server.metricsPort: another port than ${server.metricsPort}, where the service listens, is allowed`,
    );
    expect(() => listenOn({ ...UNSAID, port }, env, parseConfig({ server }))).toThrow(told);
  });

  it.each([
    ['the default one, where CODAP_PORT says another', { metricsPort: 8080 }, { CODAP_PORT: '1' }, 1],
    ['the default one, where PORT says another', { metricsPort: 8080 }, { PORT: '1' }, 1],
    ['free, and the other one is', { port: 0, metricsPort: 0 }, {}, 0],
  ])('may be %s', (_, server, env, port) => {
    expect(listenOn(UNSAID, env, parseConfig({ server }))).toEqual({ host: '127.0.0.1', port });
  });

  it.each(['9', 'tcp://10.0.0.1:8080'])(
    'is judged by codap check as the file has it, whatever PORT says: %s',
    async (port) => {
      const out = vi.spyOn(console, 'log').mockImplementation(() => {});
      const file = join(folder, 'codap.yaml');
      await writeFile(file, 'server: { metricsPort: 9 }');
      expect(await check(file, false, { PORT: port })).toBe(0);
      await writeFile(file, 'server: { port: 9, metricsPort: 9 }');
      await expect(check(file, false, { PORT: port })).rejects.toThrow('server.metricsPort: another port than');
      out.mockRestore();
    },
  );
});
