import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createSecureContext } from 'node:tls';
import type * as Driver from 'mongodb';
import { whyUnread } from '../../src/ground/read-file.ts';

const require = createRequire(import.meta.url);

/** A connection string as MongoDB's driver reads it; undefined where it refuses it. */
export function readConnectionString(url: string): Driver.MongoOptions | undefined {
  // It is loaded where it is needed: it is large.
  const { MongoClient } = require('mongodb') as typeof Driver;
  try {
    return new MongoClient(url).options;
  } catch {
    return undefined;
  }
}

/**
 * What is wrong with a connection string, or with what it names on this machine. Of what stands in it nothing
 * is told but the names of options.
 */
export function connectionStringFaults(url: string): readonly string[] {
  const read = readConnectionString(url);
  return read ? [...missingPackages(read), ...wrongFiles(read)] : [refusal(url)];
}

/** What the driver leaves to packages that codap does not have: who needs one installs it beside codap. */
const PACKAGES: readonly {
  readonly name: string;
  readonly isNeeded: (options: Driver.MongoOptions) => boolean;
  readonly detail: string;
}[] = [
  {
    name: 'snappy',
    isNeeded: ({ compressors }) => compressors.includes('snappy'),
    detail: 'compressors of none, zlib and zstd are allowed here: the package snappy is not installed',
  },
  {
    name: 'kerberos',
    isNeeded: ({ credentials }) => credentials?.mechanism === 'GSSAPI',
    detail: 'another authMechanism than GSSAPI is allowed here: the package kerberos is not installed',
  },
  {
    name: '@aws-sdk/credential-providers',
    isNeeded: ({ credentials }) => credentials?.mechanism === 'MONGODB-AWS',
    detail:
      'another authMechanism than MONGODB-AWS is allowed here: the package @aws-sdk/credential-providers is not installed',
  },
  {
    name: 'socks',
    isNeeded: ({ proxyHost }) => proxyHost !== undefined,
    detail: 'no proxyHost is allowed here: the package socks is not installed',
  },
];

function missingPackages(options: Driver.MongoOptions): string[] {
  return PACKAGES.filter(({ name, isNeeded }) => isNeeded(options) && !hasPackage(name)).map(({ detail }) => detail);
}

/** Whether the driver finds a package. */
function hasPackage(name: string): boolean {
  try {
    createRequire(require.resolve('mongodb')).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** The options that name a file, and what throws where it is not that: as `ca` TLS would take any text. */
const FILES: readonly {
  readonly option: 'tlsCAFile' | 'tlsCRLFile' | 'tlsCertificateKeyFile';
  readonly detail: string;
  readonly check: (file: Buffer, options: Driver.MongoOptions) => void;
}[] = [
  {
    option: 'tlsCAFile',
    detail: 'a tlsCAFile with certificates in PEM is allowed here',
    check: checkCertificates,
  },
  {
    option: 'tlsCRLFile',
    detail: 'a tlsCRLFile with a list of revoked certificates in PEM is allowed here',
    check: (crl) => createSecureContext({ crl }),
  },
  {
    option: 'tlsCertificateKeyFile',
    detail:
      'a tlsCertificateKeyFile with a certificate and its key in PEM, and its tlsCertificateKeyFilePassword, are allowed here',
    check: checkIdentity,
  },
];

/** What is trusted may be too weak to be shown to others, as old roots in a bundle are. */
function checkCertificates(file: Buffer): void {
  const blocks =
    file.toString('latin1').match(/-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----.*?-----END \1-----/gs) ?? [];
  const certificates = blocks.map((block) => new X509Certificate(block));
  if (certificates.length === 0) throw new Error('no certificate');
}

/** TLS takes a certificate and a key of another algorithm, and then has none to show. */
function checkIdentity(file: Buffer, { passphrase }: Driver.MongoOptions): void {
  const key = { key: file, ...(passphrase !== undefined && { passphrase }) };
  createSecureContext({ cert: file, ...key });
  if (!new X509Certificate(file).checkPrivateKey(createPrivateKey(key))) throw new Error('the key of another one');
}

function wrongFiles(options: Driver.MongoOptions): string[] {
  return FILES.flatMap(({ option, detail, check }) => {
    const name = options[option];
    if (name === undefined) return [];
    let file: Buffer;
    try {
      file = readFileSync(name);
    } catch (error) {
      return [`${detail}, and this one cannot be read (${whyUnread(error)})`];
    }
    try {
      check(file, options);
      return [];
    } catch {
      return [detail];
    }
  });
}

/**
 * Why the driver refuses a connection string: found by leaving parts of it out, since the driver's own words
 * may quote it.
 */
function refusal(url: string): string {
  if (!/^mongodb(?:\+srv)?:\/\//.test(url))
    return 'a MongoDB connection string, which begins with mongodb:// or mongodb+srv://, is allowed here';
  const [, base = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(url) ?? [];
  const isRight = isRead(base);
  if (isRight && isRead(`${base}?${query.replaceAll('@', '%40')}`))
    return 'options in which @ is percent-encoded, as %40, are allowed here';
  // Behind a `?` of a password there are no options.
  if (query.includes('@') || (!isRight && isRead(base.replace(/\/\/.*@/s, '//'))))
    return 'a MongoDB connection string whose user and password are percent-encoded is allowed here';
  if (!isRight) return 'a MongoDB connection string with hosts, of mongodb+srv:// one without a port, is allowed here';
  return `options that MongoDB's driver takes are allowed here, and it refuses ${refused(base, query).join(', ')}`;
}

/** Options: a few that do not go together, or else all that are refused by themselves. */
function refused(base: string, query: string): readonly string[] {
  const options = query.split('&').map((text) => ({ text, name: /^[^=]*/.exec(text)![0] }));
  const names = [...new Set(options.map(({ name }) => name))];
  const isReadWith = (isKept: (name: string) => boolean): boolean => {
    const kept = options.filter(({ name }) => isKept(name)).map(({ text }) => text);
    return isRead(`${base}?${kept.join('&')}`);
  };
  const clashing = names.filter((name) => isReadWith((other) => other !== name));
  const wrong = clashing.length > 0 ? clashing : names.filter((name) => !isReadWith((other) => other === name));
  return wrong.map((name) =>
    LOOKS_LIKE_ONE.test(name) ? name : `one (number ${options.findIndex((option) => option.name === name) + 1})`,
  );
}

/** What the name of an option looks like: another text may be a secret that a variable has put there. */
const LOOKS_LIKE_ONE = /^[a-z]{1,64}$/i;

function isRead(url: string): boolean {
  return readConnectionString(url) !== undefined;
}
