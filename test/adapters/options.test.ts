import { describe, expect, it } from 'vitest';
import { adapters } from '../../adapters/index.ts';
import { ConfigError } from '../../src/config/load.ts';
import { warningsOf } from '../../src/config/warnings.ts';
import { parseConfig } from '../configured.ts';

const SOURCES = {
  mongo: { url: 'mongodb://127.0.0.1:1/', database: 'shop', collections: ['users'] },
  s3: { bucket: 'photos', accessKeyId: 'a', secretAccessKey: 'b' },
  rest: { url: 'http://127.0.0.1:1/' },
};
type Kind = keyof typeof SOURCES;

const parse = (adapter: Kind, own: object) =>
  parseConfig({ sources: { it: { adapter, ...SOURCES[adapter], ...own } } });
const faultsOf = (adapter: Kind, own: object): string[] => {
  try {
    parse(adapter, own);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ path }) => path.replace('sources.it.', ''));
    throw error;
  }
};

describe('what can never work is a fault', () => {
  const DATABASES = [
    '',
    ' ',
    'a b',
    'shop.prod',
    'a/b',
    'a\\b',
    'a"b',
    '$external',
    'a\0',
    'shop\n',
    'a'.repeat(64),
    'ä'.repeat(32),
    '\ud800',
  ];
  const COLLECTIONS = ['', '$cmd', 'a$b', 'a\0b', '.a', '\ud800'];
  const ACCESS_KEYS = ['', 'AK\n', ' AK', 'A K', 'é', 'ключ', '\ud800'];
  const SECRETS = ['', 'secret\n', ' secret', 'se\0cret', '\ud800'];
  const PREFIXES = ['\ud800/', 'a/\udc00b/', `${'x'.repeat(1023)}/`, `${'ä'.repeat(512)}/`];
  it.each<[Kind, string, (value: string) => object, readonly string[]]>([
    ['mongo', 'database', (database) => ({ database }), DATABASES],
    ['mongo', 'collections.1', (collection) => ({ collections: ['users', collection] }), COLLECTIONS],
    ['s3', 'accessKeyId', (accessKeyId) => ({ accessKeyId }), ACCESS_KEYS],
    ['s3', 'secretAccessKey', (secretAccessKey) => ({ secretAccessKey }), SECRETS],
    ['s3', 'prefix', (prefix) => ({ prefix }), PREFIXES],
    ['rest', 'forwardHeaders.0', (name) => ({ forwardHeaders: [name] }), ['*']],
    ['rest', 'requestHeaders.0', (name) => ({ requestHeaders: [name] }), ['*']],
    ['rest', 'responseHeaders.0', (name) => ({ responseHeaders: [name] }), ['*']],
    ['rest', 'headers.*', (name) => ({ headers: { [name]: 'x' } }), ['*']],
  ])('%s: %s', (kind, path, own, values) => {
    expect(values.filter((value) => faultsOf(kind, own(value)).join() !== path)).toEqual([]);
  });

  it.each<[Kind, object]>([
    ['mongo', { database: 'a'.repeat(63) }],
    ['mongo', { database: 'Shop-1_ä*' }],
    ['mongo', { collections: ['*', 'a.b', 'system.profile', 'a b', 'a/b'] }],
    ['s3', { accessKeyId: 'AKIA+/=x', secretAccessKey: 'with blanks and ä' }],
    ['s3', { prefix: `${'x'.repeat(1022)}/` }],
    ['s3', { prefix: 'fotos für alle/' }],
    ['rest', { forwardHeaders: ['x-*'] }],
  ])('and what may is none: %s %j', (kind, own) => {
    expect(faultsOf(kind, own)).toEqual([]);
  });
});

describe('a warning tells', () => {
  const warned = (own: object) => warningsOf(parse('mongo', own), adapters).map(({ text }) => text);

  it('which options of a MongoDB connection string do not count, and what does', () => {
    const named = 'APPNAME=shop&serverSelectionTimeoutMS=300&connectTimeoutMS=250&socketTimeoutMS=700';
    expect(warned({ url: `mongodb://u:p@127.0.0.1:1/shop?${named}&retryReads=true&readPreference=secondary` })).toEqual(
      [
        'appName of the url does not count: it is codap',
        'retryReads of the url does not count: `retry` of the source does that',
        'serverSelectionTimeoutMS of the url does not count: it goes by `timeoutMs` of the source',
        'connectTimeoutMS of the url does not count: it goes by `timeoutMs` of the source',
        'socketTimeoutMS of the url does not count: queries end by `timeoutMs` of the source, or their own',
      ],
    );
    expect(
      warned({ url: 'mongodb://h/appName?readPreference=secondary&minPoolSize=1&maxPoolSize=5&w=majority' }),
    ).toEqual([]);
  });

  it('that a collection called * does not stand for others', () => {
    expect(warned({ collections: ['a', '*'] })).toEqual([expect.stringContaining('does not stand for others')]);
  });
});
