import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionsFor } from '../../../adapters/mongo/options.ts';
import { ConfigError } from '../../../src/config/load.ts';
import { makeCertificate } from '../../certificate.ts';
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
  ['minPoolSize=3&maxPoolSize=3', {}, true],
  ['minPoolSize=3&maxPoolSize=2', {}, false],
  ['minPoolSize=3&maxPoolSize=0', {}, true],
])('a connection string may keep as many connections open as there may be: %s beside %j', (option, own, isAllowed) => {
  expect(faultsOf(`mongodb://127.0.0.1/?${option}`, own)).toEqual(
    isAllowed ? {} : { 'sources.shop.url': expect.stringContaining('minPoolSize') },
  );
});

it.each([
  ['', 100, 200],
  ['maxPoolSize=5', 100, 5],
  ['appName=a&maxpoolsize=5', 100, 5],
  ['maxPoolSize=500', 100, 200],
  ['maxPoolSize=0', 100, 200],
  ['maxPoolSize=100', 10, 20],
])(
  'a source has as many connections as its URL says, at most twice its concurrency: %s, %i',
  (option, concurrency, most) => {
    expect(connectionsFor({ url: `mongodb://127.0.0.1/?${option}`, concurrency })).toBe(most);
  },
);

/** What is wrong with a connection string by itself. */
const wrong = (url: string) => (faultsOf(url) as Record<string, string>)['sources.shop.url'];
const SCHEME = 'a MongoDB connection string, which begins with mongodb:// or mongodb+srv://, is allowed here';
const HOSTS = 'a MongoDB connection string with hosts, of mongodb+srv:// one without a port, is allowed here';
const ENCODED = 'a MongoDB connection string whose user and password are percent-encoded is allowed here';
const AT = 'options in which @ is percent-encoded, as %40, are allowed here';
const refused = (names: string) => `options that MongoDB's driver takes are allowed here, and it refuses ${names}`;

it.each([
  ['http://a?minPoolSize=300', SCHEME],
  ['', SCHEME],
  ['mongodb://', HOSTS],
  ['mongodb://a:0', HOSTS],
  ['mongodb://u:p@a:zz/', HOSTS],
  ['mongodb+srv://a:27017/', HOSTS],
  ['mongodb://u:se/cret@a/?maxPoolSize=1', ENCODED],
  ['mongodb://u:se?cret=x@a/?maxPoolSize=1', ENCODED],
  ['mongodb://u:s@e?cret=x@a', ENCODED],
  ['mongodb://u:se@cret@a', ENCODED],
  ['mongodb://u:se%zzcret@a', ENCODED],
  ['mongodb://a/?appName=a@b', AT],
  ['mongodb://a,b/x?appName=a@b&maxPoolSize=1', AT],
  ['mongodb://u:p@a/?maxPoolSze=1', refused('maxPoolSze')],
  ['mongodb://a?maxPoolSze=1&appName=x&noSuch', refused('maxPoolSze, noSuch')],
  ['mongodb://a/?appName=x&s3cret', refused('one (number 2)')],
  ['mongodb://a/?s3cr3t-pw=1', refused('one (number 1)')],
  ['mongodb://a/?se#cret=1', refused('one (number 1)')],
  ['mongodb://a/?se%63ret', refused('one (number 1)')],
  ['mongodb://a/?=1', refused('one (number 1)')],
  ['mongodb://a/?toString=1', refused('toString')],
  ['mongodb://a/?maxpoolsize=x&s3cret=1', refused('maxpoolsize, one (number 2)')],
  ['mongodb://a/?maxPoolSize', refused('maxPoolSize')],
  ['mongodb://u:p@a/?appName=x&maxPoolSize=secret', refused('maxPoolSize')],
  ['mongodb://u:p@a/?readPreference=no&maxPoolSize=1', refused('readPreference')],
  [
    'mongodb://a/?tlsInsecure=true&appName=x&tlsAllowInvalidHostnames=true',
    refused('tlsInsecure, tlsAllowInvalidHostnames'),
  ],
  ['mongodb://a/?appName=x&appName=y', refused('appName')],
  ['mongodb://a/?authMechanism=PLAIN', refused('authMechanism')],
])('what is wrong with %s is told, and nothing of its user, its password or names that may be one', (url, detail) => {
  expect(wrong(url)).toBe(detail);
});

it.each([
  ['compressors=snappy', /^compressors of none, zlib and zstd are allowed here/],
  ['compressors=zlib,snappy', /^compressors of none, zlib and zstd are allowed here/],
  ['compressors=zlib,zstd', undefined],
  ['authMechanism=MONGODB-AWS', /MONGODB-AWS.*@aws-sdk\/credential-providers is not installed$/],
  ['authMechanism=gssapi', /GSSAPI.*kerberos is not installed$/],
  ['authMechanism=SCRAM-SHA-256', undefined],
  ['proxyHost=127.0.0.1', /proxyHost.*socks is not installed$/],
])('what needs a package that is not there is a fault: %s', (option, detail) => {
  const user = /gssapi|SCRAM/.test(option) ? 'u:p@' : '';
  const told = wrong(`mongodb://${user}127.0.0.1/?${option}`);
  if (detail) expect(told).toMatch(detail);
  else expect(told).toBeUndefined();
});

describe('a file that a connection string names', () => {
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'codap-'));
    const { cert, key } = await makeCertificate('codap test');
    // As an old root is: TLS would show no such one.
    const weak = await generate([{ name: 'commonName', value: 'old' }], { keySize: 1024, algorithm: 'sha1' });
    const files = {
      cert,
      text: 'x',
      bundle: `# roots\n${cert}\n${weak.cert}`,
      weak: weak.cert,
      broken: `${cert}\n${cert.replace('MI', 'IM')}`,
      both: `${cert}\n${key}`,
      reversed: `${key}\n${cert}`,
      otherKey: `${cert}\n${weak.private}`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['tlsCAFile', 'cert', undefined],
    ['tlsCAFile', 'bundle', undefined],
    ['tlsCAFile', 'weak', undefined],
    ['tlsCAFile', 'broken', /^a tlsCAFile with certificates in PEM is allowed here$/],
    ['tlsCAFile', 'none', /^a tlsCAFile .*, and this one cannot be read \(ENOENT\)$/],
    ['tlsCAFile', '', /^a tlsCAFile .* \(EISDIR\)$/],
    ['tlsCAFile', 'text', /^a tlsCAFile with certificates in PEM is allowed here$/],
    ['tlsCRLFile', 'none', /^a tlsCRLFile .* \(ENOENT\)$/],
    ['tlsCRLFile', 'text', /^a tlsCRLFile .* is allowed here$/],
    ['tlsCertificateKeyFile', 'both', undefined],
    ['tlsCertificateKeyFile', 'reversed', undefined],
    ['tlsCertificateKeyFile', 'otherKey', /^a tlsCertificateKeyFile .* are allowed here$/],
    ['tlsCertificateKeyFile', 'cert', /^a tlsCertificateKeyFile .* are allowed here$/],
    ['tlsCertificateKeyFile', 'none', /^a tlsCertificateKeyFile .* \(ENOENT\)$/],
  ])('%s=%s is read as the configuration is', (option, name, detail) => {
    const told = wrong(`mongodb://127.0.0.1/?tls=true&${option}=${encodeURIComponent(join(folder, name))}`);
    if (detail) expect(told).toMatch(detail);
    else expect(told).toBeUndefined();
  });
});
