import { expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/load.ts';
import { parseConfig } from '../../configured.ts';

/** What is wrong with a source of this connection string, by where it stands. */
function faultsOf(url: string, own: object = {}): object {
  const shop = { adapter: 'mongo', url, database: 'shop', collections: ['users'], ...own };
  try {
    parseConfig({ sources: { shop } });
    return {};
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Object.fromEntries(error.faults.map(({ path, detail }) => [path, detail]));
  }
}

it.each([
  ['minPoolSize=200', {}, true],
  ['minPoolSize=201', {}, false],
  ['minPoolSize=201', { concurrency: 101 }, true],
  ['minPoolSize=3', { concurrency: 1 }, false],
  // It is never told to the driver.
  ['minPoolSize=3&maxPoolSize=1', {}, true],
])('a connection string may keep as many connections open as there may be: %s beside %j', (option, own, isAllowed) => {
  expect(faultsOf(`mongodb://127.0.0.1/?${option}`, own)).toEqual(
    isAllowed ? {} : { 'sources.shop.url': expect.stringContaining('minPoolSize') },
  );
});

it('what is no connection string is one fault', () => {
  expect(faultsOf('http://a?minPoolSize=300')).toEqual({
    'sources.shop.url': 'a MongoDB connection string is allowed here',
  });
});
