import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Head } from '../../../adapters/http/h1/head.ts';
import { framingOf, keepsAlive, keptMs } from '../../../adapters/http/h1/framing.ts';
import { requestHead } from '../../../adapters/http/h1/request-head.ts';
import { rest } from '../../../adapters/rest.ts';
import type { Value } from '../../../src/store/payload.ts';
import { type RawStore, startRaw } from '../../raw-store.ts';
import { failed } from '../failed.ts';
import { restOptions, run } from '../rest-source.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const TEXT = 'content-type: text/plain\r\n';
const HI = `${TEXT}content-length: 2\r\n\r\nhi`;
const CHUNKED = `${OK}${TEXT}transfer-encoding: chunked\r\n\r\n`;
const END = '0\r\n\r\n';

let said = '';
let store: RawStore;
beforeAll(async () => (store = await startRaw(() => said)));
afterAll(() => store.close());

async function get(bytes: string): Promise<unknown> {
  said = bytes;
  const options = restOptions({ url: store.url });
  await using source = await rest.open(options);
  return ((await run(source, options, 'get', {})) as Value).value;
}

describe('an answer that no client should believe is BAD_RESPONSE', () => {
  it.each([
    ['white space before it', ` ${OK}${HI}`],
    ['octets before it', `\0${OK}${HI}`],
    ['an answer of HTTP/0.9', 'hi\r\n\r\n'],
    ['HTTP in small letters', `http/1.1 200 OK\r\n${HI}`],
    ['another protocol', `ICY 200 OK\r\n${HI}`],
    ['HTTP/0.9', `HTTP/0.9 200 OK\r\n${HI}`],
    ['HTTP/1.2', `HTTP/1.2 200 OK\r\n${HI}`],
    ['HTTP/1.10', `HTTP/1.10 200 OK\r\n${HI}`],
    ['HTTP/2.0', `HTTP/2.0 200 OK\r\n${HI}`],
    ['no minor version', `HTTP/1 200 OK\r\n${HI}`],
    ['two spaces before the status', `HTTP/1.1  200 OK\r\n${HI}`],
    ['a tab before the status', `HTTP/1.1\t200 OK\r\n${HI}`],
    ['no status', `HTTP/1.1 \r\n${HI}`],
    ['a status of four digits', `HTTP/1.1 2000 OK\r\n${HI}`],
    ['a negative status', `HTTP/1.1 -20 OK\r\n${HI}`],
    ['a status of 000', `HTTP/1.1 000 OK\r\n${HI}`],
    ['a reason that is not set apart', `HTTP/1.1 200OK\r\n${HI}`],
    ['a tab before the reason', `HTTP/1.1 200\tOK\r\n${HI}`],
    ['NUL in the reason', `HTTP/1.1 200 O\0K\r\n${HI}`],
    ['a bare CR in the reason', `HTTP/1.1 200 O\rK\r\n${HI}`],
    ['a bare LF after the status', `HTTP/1.1 200\n${HI}`],
    ['a bare LF after the reason', `HTTP/1.1 200 OK\n${HI}`],
    ['two CR after the reason', `HTTP/1.1 200 OK\r\r\n${HI}`],
    ['a status of 099', `HTTP/1.1 099 Low\r\n\r\n${OK}${HI}`],
    ['101, with nothing to change to', `HTTP/1.1 101 Switching\r\n\r\n${OK}${HI}`],
    ['an end that is told before the answer', `HTTP/1.1 103 Hints\r\nconnection: close\r\n\r\n${OK}${HI}`],
    ['a folded field', `${OK}a: b\r\n c\r\n${HI}`],
    ['a folded field without its beginning', `${OK}a:\r\n c\r\n${HI}`],
    ['white space before the first field', `${OK} a: b\r\n${HI}`],
    ['a space before a colon', `${OK}a : b\r\n${HI}`],
    ['a tab before a colon', `${OK}a\t: b\r\n${HI}`],
    ['a space before the colon of a length', `${OK}${TEXT}content-length : 2\r\n\r\nhi`],
    ['a name beyond ASCII', `${OK}\xe9: b\r\n${HI}`],
    ['a name in quotes', `${OK}"a": b\r\n${HI}`],
    ['a name with brackets', `${OK}a(b): c\r\n${HI}`],
    ['NUL in a name', `${OK}a\0: b\r\n${HI}`],
    ['a bare CR in a name', `${OK}a\rb: c\r\n${HI}`],
    ['a bare LF in a name', `${OK}a\nb: c\r\n${HI}`],
    ['a bare CR in a value', `${OK}a: b\rc: d\r\n${HI}`],
    ['a bare LF in a value', `${OK}a: b\nc: d\r\n${HI}`],
    ['a bare LF instead of a value', `${OK}a:\n${HI}`],
    ['two CR after a value', `${OK}a: b\r\r\n${HI}`],
    ['a bell in a value', `${OK}a: \x07\r\n${HI}`],
    ['a bare LF at the end of the head', `${OK}${TEXT}content-length: 2\r\n\nhi`],
    ['a bare CR at the end of the head', `${OK}${TEXT}content-length: 2\r\n\rhi`],
    ['LF alone', `${OK}${HI}`.replaceAll('\r', '')],
    ['a length with a sign', `${OK}content-length: +2\r\n\r\nhi`],
    ['a hexadecimal length', `${OK}content-length: 0x2\r\n\r\nhi`],
    ['a length with a point', `${OK}content-length: 2.0\r\n\r\nhi`],
    ['a length with an exponent', `${OK}content-length: 2e0\r\n\r\nhi`],
    ['a length in two parts', `${OK}content-length: 1 2\r\n\r\nhi`],
    ['a length and a comma', `${OK}content-length: 2,\r\n\r\nhi`],
    ['a length of white space', `${OK}content-length: \t\r\n\r\nhi`],
    ['a length beyond 2^53', `${OK}content-length: 9007199254740993\r\n\r\nhi`],
    ['a length beyond 2^64', `${OK}content-length: 18446744073709551618\r\n\r\nhi`],
    ['lengths in two spellings', `${OK}Content-Length: 2\r\ncontent-LENGTH: 2\r\n\r\nhi`],
    ['a length of 204 that comes twice', 'HTTP/1.1 204 No\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n'],
    ['chunks that come twice', `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n${END}`],
    ['chunks twice in one', `${OK}transfer-encoding: chunked, chunked\r\n\r\n${END}`],
    ['chunks and a comma', `${OK}transfer-encoding: chunked,\r\n\r\n${END}`],
    ['chunks before gzip', `${OK}transfer-encoding: chunked, gzip\r\n\r\n${END}`],
    ['chunks with a parameter', `${OK}transfer-encoding: chunked;a=b\r\n\r\n${END}`],
    ['what sounds like chunks', `${OK}transfer-encoding: xchunked\r\n\r\n${END}`],
    ['an empty transfer encoding', `${OK}transfer-encoding:\r\n\r\n${END}`],
    ['identity as a transfer encoding, and a length', `${OK}transfer-encoding: identity\r\n${HI}`],
    ['a chunk without a size', `${CHUNKED}\r\nhi\r\n${END}`],
    ['a space before the size of a chunk', `${CHUNKED} 2\r\nhi\r\n${END}`],
    ['white space within the size of a chunk', `${CHUNKED}0 2\r\nhi\r\n${END}`],
    ['white space without an end after the size of a chunk', `${CHUNKED}2${' '.repeat(20_000)}\r\nhi\r\n${END}`],
    ['a bare LF in the white space after the size of a chunk', `${CHUNKED}2 \n\r\nhi\r\n${END}`],
    ['a bare CR in the white space after the size of a chunk', `${CHUNKED}2 \r \r\nhi\r\n${END}`],
    ['a form feed after the size of a chunk', `${CHUNKED}2\f\r\nhi\r\n${END}`],
    ['white space within the name of an extension', `${CHUNKED}2;a b\r\nhi\r\n${END}`],
    ['white space within the value of an extension', `${CHUNKED}2;a=b c\r\nhi\r\n${END}`],
    ['an extension of white space alone', `${CHUNKED}2; \r\nhi\r\n${END}`],
    ['a negative size of a chunk', `${CHUNKED}-2\r\nhi\r\n${END}`],
    ['a size of a chunk as in a program', `${CHUNKED}0x2\r\nhi\r\n${END}`],
    ['a size of a chunk beyond 2^53', `${CHUNKED}20000000000000\r\nhi\r\n${END}`],
    ['a size of a chunk beyond all', `${CHUNKED}${'f'.repeat(400)}\r\nhi\r\n${END}`],
    ['a bare LF after the size of a chunk', `${CHUNKED}2\nhi\r\n${END}`],
    ['a bare CR after the size of a chunk', `${CHUNKED}2\rhi\r\n${END}`],
    ['a bare LF after a chunk', `${CHUNKED}2\r\nhi\n${END}`],
    ['a bare CR after a chunk', `${CHUNKED}2\r\nhi\r${END}`],
    ['a chunk longer than its size', `${CHUNKED}1\r\nhi\r\n${END}`],
    ['a chunk shorter than its size', `${CHUNKED}4\r\nhi\r\n0\r\n\r\n`],
    ['an extension without a name', `${CHUNKED}2;\r\nhi\r\n${END}`],
    ['an extension of a value alone', `${CHUNKED}2;=a\r\nhi\r\n${END}`],
    ['an extension of white space and a value', `${CHUNKED}2; =a\r\nhi\r\n${END}`],
    ['an extension of neither name nor value', `${CHUNKED}2;=\r\nhi\r\n${END}`],
    ['an extension with a bare LF', `${CHUNKED}2;a\nb\r\nhi\r\n${END}`],
    ['an extension whose quotes hold LF', `${CHUNKED}2;a="\n"\r\nhi\r\n${END}`],
    ['an extension that goes on after its quotes', `${CHUNKED}2;a="b"c\r\nhi\r\n${END}`],
    ['an extension without an end', `${CHUNKED}2;${'a'.repeat(20_000)}\r\nhi\r\n${END}`],
    ['a trailer with a space in its name', `${CHUNKED}2\r\nhi\r\n0\r\na b: c\r\n\r\n`],
    ['a folded trailer', `${CHUNKED}2\r\nhi\r\n0\r\na: b\r\n c\r\n\r\n`],
    ['trailers without an end', `${CHUNKED}2\r\nhi\r\n0\r\na: ${'b'.repeat(20_000)}\r\n\r\n`],
    ['a bare LF after the last chunk', `${CHUNKED}2\r\nhi\r\n0\n\n`],
    ['a reason without an end', `HTTP/1.1 200 ${'a'.repeat(20_000)}\r\n${HI}`],
    ['fields without an end', `${OK}${'a:\r\n'.repeat(5000)}${HI}`],
  ])('%s', async (_name, bytes) => {
    expect(await failed(get(bytes))).toMatchObject({ code: 'BAD_RESPONSE', retryable: false });
  });
});

describe('an answer that is odd, and allowed, is taken', () => {
  it.each([
    ['an empty line before it', `\r\n${OK}${HI}`],
    ['no reason', `HTTP/1.1 200 \r\n${HI}`],
    ['neither a reason nor its space', `HTTP/1.1 200\r\n${HI}`],
    ['a reason beyond ASCII', `HTTP/1.1 200 \xe9\t\r\n${HI}`],
    ['100 before it, which nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${OK}${HI}`],
    ['100 before it, again and again', `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(3)}${OK}${HI}`],
    ['hints before it', `HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 103 Hints\r\nlink: <a>\r\n\r\n${OK}${HI}`],
    ['no white space after a colon', `${OK}content-type:text/plain\r\ncontent-length:2\r\n\r\nhi`],
    ['white space around values', `${OK}content-type: \t text/plain \t\r\ncontent-length: \t2 \t\r\n\r\nhi`],
    ['names in capitals', `${OK}CONTENT-TYPE: text/plain\r\nCONTENT-LENGTH: 2\r\n\r\nhi`],
    ['a length with zeros before it', `${OK}${TEXT}content-length: ${'0'.repeat(30)}2\r\n\r\nhi`],
    ['a body to the end of the connection', `${OK}${TEXT}\r\nhi`],
    ['HTTP/1.0', `HTTP/1.0 200 OK\r\n${TEXT}\r\nhi`],
    ['more than there should be', `${OK}${HI} and more`],
    ['another answer behind it', `${OK}${HI}${OK}${HI}`],
    ['chunks in capitals', `${OK}${TEXT}Transfer-Encoding: CHUNKED\r\n\r\n1\r\nh\r\n1\r\ni\r\n${END}`],
    ['a size of a chunk with zeros before it', `${CHUNKED}${'0'.repeat(30)}2\r\nhi\r\n000\r\n\r\n`],
    ['extensions', `${CHUNKED}1;a\r\nh\r\n1;b=c;d="e;\\"\xe9"\r\ni\r\n0;f\r\n\r\n`],
    ['white space after the size of a chunk', `${CHUNKED}2 \t\r\nhi\r\n0  \r\n\r\n`],
    ['white space before an extension', `${CHUNKED}2 ;a=b\r\nhi\r\n0\t;c\r\n\r\n`],
    ['white space in extensions', `${CHUNKED}1; a\r\nh\r\n1 ; b = "c" \t; d\t=\te ;f \r\ni\r\n${END}`],
    ['trailers', `${CHUNKED}2\r\nhi\r\n0\r\nx: y\r\ncontent-length: 9\r\n\r\n`],
  ])('%s', async (_name, bytes) => {
    expect(await get(bytes)).toBe('hi');
  });
});

describe('a connection', () => {
  const headOf = (lines: readonly string[]): Head => {
    const head = new Head(16_384);
    const bytes = Buffer.from([...lines, '', ''].join('\r\n'));
    expect(head.read(bytes, 0, bytes.length)).toBe(bytes.length);
    return head;
  };

  it.each([
    [['HTTP/1.1 200 OK', 'content-length: 0'], true],
    [['HTTP/1.1 200 OK', 'transfer-encoding: chunked'], true],
    [['HTTP/1.1 200 OK'], false],
    [['HTTP/1.1 200 OK', 'content-length: 0', 'connection: close'], false],
    [['HTTP/1.1 200 OK', 'content-length: 0', 'Connection: x,\tCLOSE , y'], false],
    [['HTTP/1.1 200 OK', 'content-length: 0', 'connection: x', 'connection: close'], false],
    [['HTTP/1.1 200 OK', 'content-length: 0', 'connection: closed'], true],
    [['HTTP/1.0 200 OK', 'content-length: 0'], false],
    [['HTTP/1.0 200 OK', 'content-length: 0', 'connection: keep-alive'], true],
    [['HTTP/1.0 200 OK', 'content-length: 0', 'connection: keep-alive, close'], false],
    [['HTTP/1.0 200 OK', 'transfer-encoding: chunked', 'connection: keep-alive'], false],
    [['HTTP/1.1 204 None'], true],
    [['HTTP/1.1 204 None', 'content-length: 0'], true],
    [['HTTP/1.1 304 Same', 'content-length: 2'], false],
    [['HTTP/1.1 304 Same', 'transfer-encoding: chunked'], false],
  ])('after %j is used again: %s', (lines, expected) => {
    const head = headOf(lines);
    expect(keepsAlive(head, framingOf(head, false))).toBe(expected);
  });

  it.each([
    [[], 55_000],
    [['keep-alive: timeout=5'], 3000],
    [['Keep-Alive: max=9, timeout=30'], 28_000],
    [['keep-alive: timeout=1'], -1000],
    [['keep-alive: timeout=99999999'], 600_000],
    [['keep-alive: timeout=soon'], 55_000],
  ])('after %j is kept for %i ms', (lines, ms) => {
    expect(keptMs(headOf(['HTTP/1.1 200 OK', ...lines]))).toBe(ms);
  });
});

describe('a request', () => {
  it('is what it says it is', () => {
    expect(requestHead('GET', '/a?b', 'store:81', ['x-a', 'b\t\xe9', 'y', ''], undefined)).toBe(
      'GET /a?b HTTP/1.1\r\nhost: store:81\r\nconnection: keep-alive\r\nx-a: b\t\xe9\r\ny: \r\n\r\n',
    );
    expect(requestHead('POST', '/', 'store', [], 0)).toMatch(/\r\ncontent-length: 0\r\n\r\n$/);
    expect(requestHead('HEAD', '/', 'store', [], undefined)).toContain('\r\nconnection: close\r\n');
  });

  // Each of the last two would be cut to a line break where it is written as Latin-1.
  it.each(['\r', '\n', '\r\n', '\0', '\x7f', '\u010d', '\u010a'])('cannot be broken in two by %j', (octets) => {
    const injected = `a${octets}b: c`;
    expect(() => requestHead('GET', '/', 'store', ['x', injected], undefined)).toThrow('invalid header');
    expect(() => requestHead('GET', '/', 'store', [injected, 'x'], undefined)).toThrow('invalid header');
    if (octets !== '\x7f')
      expect(() => requestHead('GET', `/${octets}`, 'store', [], undefined)).toThrow('invalid request path');
  });

  it.each(['a b', 'a:', '', 'é', 'a\t'])('has no field with the name %j', (name) => {
    expect(() => requestHead('GET', '/', 'store', [name, 'x'], undefined)).toThrow('invalid header');
  });

  it.each(['', 'a', '/a b', '/\t', 'http://other/'])('is not for %j', (target) => {
    expect(() => requestHead('GET', target, 'store', [], undefined)).toThrow('invalid request path');
  });
});
