import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { only, type Stage } from './dockerfile.ts';
import { compose, stages, text, withDefaults } from './files.ts';

const image = stages.at(-1) as Stage;
const pages = readdirSync('docs').filter((name) => name.endsWith('.md'));
const documents = ['README.md', ...pages.map((name) => `docs/${name}`)].map(text).join('\n');
/** Every `docker …` of the documents, a line of a block or between backticks, as its words. */
const commands = Array.from(documents.matchAll(/(?:^\s*|`)(docker [^`\n]+)/gm), ([, command = '']) =>
  command.trim().split(' '),
);
const commandsOf = (...words: string[]) =>
  commands
    .filter((command) => words.every((word, at) => command[at + 1] === word))
    .map((command) => command.slice(words.length + 1));

describe('the docker commands of the documents', () => {
  it('are of these kinds', () => {
    for (const [, word, verb] of commands) expect(word === 'compose' ? verb : word).toMatch(/^(?:up|build|run|kill)$/);
  });

  it('name services of docker-compose.yml', () => {
    const named = commandsOf('compose', 'up');
    expect(named).toContainEqual([]);
    expect(commandsOf('compose', 'run')).toEqual([['--rm', 'seed']]);
    for (const name of [...named.flat(), 'seed']) expect(Object.keys(compose.services)).toContain(name);
  });

  it('build the image that is run, here and by docker compose', () => {
    expect(commandsOf('build')).toEqual([['-t', compose.services.codap.image, compose.services.codap.build]]);
    expect(commandsOf('run').map((words) => words.at(-1))).toEqual([compose.services.codap.image]);
  });

  it('publish the port that it exposes, and mount the folder of the configuration that is named', () => {
    const after = (flag: string) => commandsOf('run').map((words) => words[words.indexOf(flag) + 1]);
    expect(after('-p')).toEqual([`${only(image, 'EXPOSE')[0]}:${only(image, 'EXPOSE')[0]}`]);
    const [[, folder = ''] = []] = after('-v').map((mount = '') => mount.split(':'));
    expect(after('-e')).toEqual([`CODAP_CONFIG=${folder}/codap.yaml`]);
  });
});

it('README.md tells the addresses and the sign-in that docker compose gives the datastores', () => {
  const { mongo, s3, codap } = compose.services;
  const published = (ports: readonly string[] = []) => ports.map((port) => withDefaults(port).replace(/:\d+$/, ''));
  const told = Object.fromEntries(
    Array.from(text('README.md').matchAll(/([A-Z_0-9]+)=(\S+)/g), ([, name, value]) => [name, value]),
  );
  expect([told['MONGO_URL']]).toEqual(published(mongo.ports).map((host) => `mongodb://${host}`));
  expect([told['S3_ENDPOINT']]).toEqual(published(s3.ports).map((host) => `http://${host}`));
  expect(told['AWS_ACCESS_KEY_ID']).toBe(codap.environment?.['AWS_ACCESS_KEY_ID']);
  expect(told['AWS_SECRET_ACCESS_KEY']).toBe(codap.environment?.['AWS_SECRET_ACCESS_KEY']);
});
