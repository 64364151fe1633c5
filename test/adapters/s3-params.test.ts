import { ObjectId } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { s3 } from '../../adapters/s3.ts';
import { Digits } from '../../src/json/leaf.ts';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';
import { compiled, s3Options } from './s3-source.ts';

const source = s3Options({});
const faultsOf = (op: string, params: Record<string, unknown>) => compiled(source, op, params).faults;
const CLIMBING = [
  '.',
  '..',
  '../secret',
  'a/../../secret',
  'a/./b',
  'a/..',
  '..\\secret',
  '%2e%2e/secret',
  '%252e./secret',
  'a%2f..%2fb',
  '%2e%2e/%zz',
  '..%00/secret',
  '..%00%252fsecret',
  '.%00./secret',
  'a/..%00.jpg',
  '%c0%ae%c0%ae/secret',
  '%25c0%25ae./secret',
  '..%c0%afsecret',
  '..\n/secret',
];

describe('a key', () => {
  it.each([
    'a.jpg',
    '/a',
    'a//b',
    'a b+c',
    '50%',
    '%zz',
    'a?b#c',
    'ü😀',
    'a\\b',
    '...',
    '..a/b..',
    'line\nbreak',
    '__proto__',
    ' ',
    '.#lock',
    'a/.?b',
    '..;x',
    '..;/x',
    'a/..%3Bx/y',
    '.%23',
  ])('%j stands behind the prefix, written out or filled in', (key) => {
    for (const value of [key, new Filled(key)]) {
      expect(compiled(source, 'getObject', { key: value })).toMatchObject({
        query: { key: `public/${key}` },
        faults: [],
      });
    }
  });

  it.each([
    [new ObjectId('66f000000000000000000001'), '66f000000000000000000001'],
    [7, '7'],
    [new Digits('9007199254740993'), '9007199254740993'],
  ])('shows ids and numbers as text', (value, text) => {
    expect(compiled(source, 'headObject', { key: new Filled(value) }).query.key).toBe(`public/${text}`);
  });

  it.each([...CLIMBING, '', 'a\0b', '\ud800', 'x'.repeat(1018), 'ü'.repeat(509)])(
    '%j is refused, written out or filled in',
    (key) => {
      for (const op of ['getObject', 'headObject', 'presignGetObject']) {
        for (const value of [key, new Filled(key)])
          expect(faultsOf(op, { key: value })).toMatchObject([expect.stringMatching(/^key: /)]);
      }
    },
  );

  it('may have 1,024 bytes with its prefix', () => {
    expect(faultsOf('getObject', { key: 'x'.repeat(1017) })).toEqual([]);
  });

  it.each([[null], [{}], [['a']], [undefined]])('%j is refused once filled in', (value) => {
    expect(faultsOf('getObject', { key: new Filled(value) })).toHaveLength(1);
  });

  it('that is a reference passes while planning', () => {
    expect(faultsOf('getObject', { key: new Placeholder('$join') })).toEqual([]);
  });

  it('never leaves the prefix, whatever is filled in', () => {
    const dots = fc.stringMatching(/^(?:\.|%2e|%252E|\/|\\|%2f|%5c|%|a| ){0,8}$/);
    fc.assert(
      fc.property(fc.oneof(dots, fc.string({ unit: 'binary' })), (key) => {
        const { query, faults } = compiled(source, 'getObject', { key: new Filled(key) });
        if (faults.length > 0) return;
        expect(query.key).toBe(`public/${key}`);
        // As a server sees it that resolves dots, also encoded once or twice; the parser strips what is no
        // part of an address.
        for (const text of [query.key, query.key.replaceAll('%25', '%')]) {
          const sent = text.replace(/[?#\t\r\n]/g, '_');
          expect(new URL(`http://s3/bucket/${sent}/end`).pathname).toMatch(/^\/bucket\/public\//);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('params', () => {
  it.each(CLIMBING)('refuse a prefix or startAfter %j', (value) => {
    expect(faultsOf('listObjects', { prefix: value })).toMatchObject([expect.stringMatching(/^prefix: /)]);
    expect(faultsOf('listObjects', { startAfter: value })).toMatchObject([expect.stringMatching(/^startAfter: /)]);
  });

  it.each([
    ['getObject', { key: 'a', range: 'bytes=0-1,4-5' }, 'range'],
    ['getObject', { key: 'a', range: 'lines=0-1' }, 'range'],
    ['getObject', { key: 'a', range: 'lines=1-0' }, 'range'],
    ['getObject', { key: 'a', range: 'bytes=9-5' }, 'range'],
    ['getObject', { key: 'a', range: 'bytes=18014398509481985-18014398509481984' }, 'range'],
    ['getObject', { key: 'a', range: new Filled('bytes=0-1') }, 'range'],
    ['getObject', { key: 'a', ifNoneMatch: 'a\r\nb' }, 'ifNoneMatch'],
    ['getObject', { key: 'a', ifNoneMatch: ' "a"' }, 'ifNoneMatch'],
    ['getObject', { key: 'a', ifNoneMatch: '"a" ' }, 'ifNoneMatch'],
    ['getObject', { key: 'a', ifModifiedSince: 'yesterday' }, 'ifModifiedSince'],
    ['getObject', { key: 'a', ifModifiedSince: '2026-03-01T09:30:00' }, 'ifModifiedSince'],
    ['getObject', { key: 'a', ifModifiedSince: '2026-02-30' }, 'ifModifiedSince'],
    ['getObject', { key: 'a', ifModifiedSince: '1 GMT' }, 'ifModifiedSince'],
    ['getObject', { key: 'a', format: 'xml' }, 'format'],
    ['getObject', { key: 'a', versionId: 'a\nb' }, 'versionId'],
    ['headObject', { key: 'a', range: 'bytes=0-1' }, ''],
    ['getObject', {}, 'key'],
    ['listObjects', { prefix: new Placeholder('$item') }, 'prefix'],
    ['listObjects', { limit: 0 }, 'limit'],
    ['listObjects', { prefix: '\ud800' }, 'prefix'],
    ['presignGetObject', { key: 'a', expiresInSeconds: 301 }, 'expiresInSeconds'],
    ['presignGetObject', { key: 'a', expiresInSeconds: 0 }, 'expiresInSeconds'],
    ['presignGetObject', { key: 'a', filename: '' }, 'filename'],
    ['presignGetObject', { key: 'a', filename: 'a\r\nb' }, 'filename'],
    ['presignGetObject', { key: 'a', filename: '\ud800' }, 'filename'],
    ['presignGetObject', { key: 'a', filename: new Placeholder('$item') }, 'filename'],
  ])('of %s %j are refused', (op, params, path) => {
    expect(faultsOf(op, params)).toMatchObject([expect.stringMatching(new RegExp(`^${path}: `))]);
  });

  it.each(['bytes=5-5', 'bytes=9-10', 'bytes=5-', 'bytes=-5', 'bytes=05-10'])('take the range %s', (range) => {
    expect(faultsOf('getObject', { key: 'a', range })).toEqual([]);
  });

  it.each([
    '2026-03-01',
    '2026-03-01T09:30:00Z',
    '2026-03-01T09:30:00.5+01:00',
    'Sun, 01 Mar 2026 09:30:00 GMT',
    'Sunday, 01-Mar-26 09:30:00 GMT',
    'Sun Mar  1 09:30:00 2026',
  ])('take the date %s', (ifModifiedSince) => {
    expect(faultsOf('getObject', { key: 'a', ifModifiedSince })).toEqual([]);
  });
});

describe('the options of a source', () => {
  it.each([
    ['bucket', 'a/b'],
    ['bucket', '..'],
    ['bucket', ''],
    ['bucket', 'a..b'],
    ['prefix', 'public'],
    ['prefix', '/'],
    ['prefix', '../'],
    ['prefix', 'a/../'],
    ['prefix', '%2e%2e/'],
    ['endpoint', 's3.example'],
    ['endpoint', 'ftp://s3.example'],
    ['endpoint', 'https://user:secret@s3.example'],
    ['publicEndpoint', 'https://s3.example/?a'],
    ['region', ''],
    ['region', 'eu west 1'],
    ['region', 'eu_west_1'],
    ['region', '-eu'],
    ['region', 'eu-west-'],
    ['maxExpiresInSeconds', 3601],
    ['maxExpiresInSeconds', 0],
    ['accessKeyId', undefined],
    ['secretAccessKey', undefined],
  ])('refuse %s %j, and repeat no value', (field, value) => {
    const { error } = s3.options.safeParse({
      bucket: 'photos',
      accessKeyId: 'id',
      secretAccessKey: 'secret',
      [field]: value,
    });
    expect(error?.issues[0]?.path[0]).toBe(field);
    expect(error?.message).not.toMatch(/secret@/);
  });

  it('have the defaults that docs/configuration.md names', () => {
    expect(s3.options.parse({ bucket: 'photos' })).toEqual({
      bucket: 'photos',
      prefix: '',
      region: 'us-east-1',
      forcePathStyle: false,
      maxExpiresInSeconds: 300,
    });
  });
});
