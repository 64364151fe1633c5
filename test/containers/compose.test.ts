import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { demoConfig } from '../../demo/config.ts';
import { startRest } from '../../demo/rest/server.ts';
import { HELP } from '../../src/cli/help.ts';
import { ROOT } from '../../stores/folder.ts';
import { S3_ACCESS } from '../../stores/stores.ts';
import { VERSITYGW } from '../../stores/versions.ts';
import { environmentOf, only, type Stage } from './dockerfile.ts';
import { compose, type Service, stages, text, withDefaults } from './files.ts';
import { checkConfig, loadConfig, parseConfig } from '../configured.ts';

const image = stages.at(-1) as Stage;
const { mongo, s3, rest, seed, codap } = compose.services;
const services = Object.entries(compose.services);
const ours = { rest, seed, codap };
const environment = (service: Service) =>
  Object.fromEntries(Object.entries(service.environment ?? {}).map(([name, value]) => [name, withDefaults(value)]));
const portOf = ({ ports }: Service) => ports?.map(withDefaults);
const variablesIn = (path: string) =>
  new Set([...text(path).matchAll(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g)].map(([name]) => name));

describe('docker-compose.yml', () => {
  it('has a MongoDB, an S3 store, the REST API, what fills them, and codap', () => {
    expect(Object.keys(compose.services).toSorted()).toEqual(['codap', 'mongo', 'rest', 's3', 'seed']);
    expect(mongo.image).toBe('mongo:8');
    expect(s3.image).toBe(`versity/versitygw:v${VERSITYGW.version}`);
    for (const service of Object.values(ours)) expect(service).toMatchObject({ build: '.', image: 'codap' });
  });

  it('starts the datastores alone where they alone are named', () => {
    expect([mongo.depends_on, s3.depends_on]).toEqual([undefined, undefined]);
  });

  it('starts codap once the REST API is healthy and the stores are filled, and fills them once they are healthy', () => {
    expect(seed.depends_on).toEqual({ mongo: { condition: 'service_healthy' }, s3: { condition: 'service_healthy' } });
    expect(codap.depends_on).toEqual({
      rest: { condition: 'service_healthy' },
      seed: { condition: 'service_completed_successfully' },
    });
  });

  it('asks each service that goes on running for its health; codap as its image says', () => {
    const checked = services.filter(([, { healthcheck }]) => healthcheck?.test).map(([name]) => name);
    expect(checked.toSorted()).toEqual(['mongo', 'rest', 's3']);
    expect(seed.healthcheck).toEqual({ disable: true });
    expect(codap.healthcheck).toBeUndefined();
    expect(only(image, 'HEALTHCHECK')[0]).toBe('CMD');
    for (const [, { healthcheck }] of services) expect(healthcheck?.test?.[0] ?? 'CMD').toBe('CMD');
  });

  it('asks S3 for its health at the port and path that its command names', () => {
    const after = (flag: string) => s3.command?.[s3.command.indexOf(flag) + 1];
    expect(s3.healthcheck.test?.at(-1)).toBe(`http://127.0.0.1${after('--port')}${after('--health')}`);
    expect(s3.command?.slice(-2)).toEqual(['posix', s3.volumes?.[0]?.split(':')[1]]);
  });

  it('asks the REST API for its health at an address that it answers', async () => {
    const script = rest.healthcheck.test?.at(-1) ?? '';
    const address = new URL(/'(http:[^']+)'/.exec(script)?.[1] ?? '');
    expect(address.port).toBe(environment(rest)['CODAP_PORT']);
    const served = await startRest();
    try {
      expect((await fetch(`http://127.0.0.1:${served.port}${address.pathname}`)).status).toBe(200);
    } finally {
      await served.stop();
    }
  });

  it('runs as its own what the image has', () => {
    for (const { entrypoint, command } of [rest, seed]) {
      const [program, script = ''] = entrypoint ?? [];
      expect([program, command]).toEqual(['node', []]);
      expect(existsSync(ROOT + script.replace(/^dist\/(.*)\.js$/, '$1.ts'))).toBe(true);
    }
    expect([codap.entrypoint, codap.command]).toEqual([undefined, undefined]);
  });

  it('sets only variables that are read, and every one that is', () => {
    expect(new Set(Object.keys(environment(seed)))).toEqual(variablesIn('demo/seed-main.ts'));
    expect(new Set(Object.keys({ ...environmentOf(image), ...environment(rest) }))).toEqual(
      variablesIn('demo/rest-main.ts').add('NODE_ENV'),
    );
    const configured = [...text('demo/compose.yaml').matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
    const { CODAP_CONFIG, ...others } = environment(codap);
    expect(HELP).toContain('CODAP_CONFIG');
    expect(CODAP_CONFIG).toBe('demo/compose.yaml');
    expect(new Set(Object.keys(others))).toEqual(new Set(configured));
    expect(Object.keys(environment(s3)).toSorted()).toEqual(['ROOT_ACCESS_KEY', 'ROOT_SECRET_KEY', 'VGW_REGION']);
  });

  it('configures codap with the sources of the demo, at the addresses of its services', async () => {
    const path = environment(codap)['CODAP_CONFIG'] ?? '';
    const copied = image.instructions.find(({ word, words }) => word === 'COPY' && words[0] === path);
    expect(copied?.words[1]).toBe(`./${path}`);
    const { server, sources } = await loadConfig(ROOT + path, environment(codap));
    expect(server.playground).toBe(true);
    const demo = await checkConfig(
      demoConfig({ mongoUrl: 'mongodb://mongo:27017', s3Endpoint: 'http://s3:7070', restUrl: 'http://rest:8081' }),
    );
    expect(Object.keys(sources).toSorted()).toEqual(Object.keys(demo.sources).toSorted());
    for (const [name, source] of Object.entries(demo.sources)) {
      const own = source.adapter === 's3' ? { ...S3_ACCESS, publicEndpoint: 'http://127.0.0.1:7070' } : {};
      expect(sources[name]).toEqual({ ...source, ...own });
    }
  });

  it('lets codap and the filler sign in to S3 as the server has it, here and in the other set-up', () => {
    const { ROOT_ACCESS_KEY, ROOT_SECRET_KEY, VGW_REGION } = environment(s3);
    expect(ROOT_ACCESS_KEY).toBe(S3_ACCESS.accessKeyId);
    expect(ROOT_SECRET_KEY).toBe(S3_ACCESS.secretAccessKey);
    expect(VGW_REGION).toBe(S3_ACCESS.region);
    for (const service of [seed, codap]) {
      expect(environment(service)).toMatchObject({
        AWS_ACCESS_KEY_ID: ROOT_ACCESS_KEY,
        AWS_SECRET_ACCESS_KEY: ROOT_SECRET_KEY,
        AWS_REGION: VGW_REGION,
      });
    }
  });

  it('publishes on loopback: codap on 8080, and each datastore on the port where it listens', () => {
    expect(portOf(codap)).toEqual(['127.0.0.1:8080:8080']);
    expect(only(image, 'EXPOSE')).toEqual(['8080']);
    expect(portOf(mongo)).toEqual(['127.0.0.1:27017:27017']);
    expect(portOf(s3)).toEqual(['127.0.0.1:7070:7070']);
    expect([rest.ports, seed.ports]).toEqual([undefined, undefined]);
    // The names by which `npm run stores` chooses other ports.
    expect(text('stores/compose-stores.ts')).toMatch(/MONGO_PORT: .*S3_PORT: /);
    expect([mongo.ports, s3.ports].flat().join(' ')).toMatch(/\$\{MONGO_PORT:-27017\}.*\$\{S3_PORT:-7070\}/);
  });

  it('gives its own containers nothing to write to, no capabilities, and codap the time to finish its answers', () => {
    for (const service of Object.values(ours)) {
      expect(service).toMatchObject({ read_only: true, tmpfs: ['/tmp'], cap_drop: ['ALL'] });
    }
    const { graceMs } = parseConfig({ sources: {} }).server;
    expect(Number.parseInt(codap.stop_grace_period ?? '', 10) * 1000).toBeGreaterThan(graceMs);
  });

  it('declares the volumes that it uses', () => {
    const used = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    expect(Object.keys(compose.volumes).toSorted()).toEqual(used.toSorted());
  });
});
