import { describe, expect, it } from 'vitest';
import { linesOf } from '../../web/src/answer/branches.ts';
import { isComplete } from '../../web/src/answer/completeness.ts';
import { fileName } from '../../web/src/answer/file-name.ts';
import type { Frame } from '../../web/src/answer/node.ts';
import { isPictureAddress, pictureOf, webAddress } from '../../web/src/answer/picture.ts';
import { frameOf, membersAt, valueAt } from '../../web/src/answer/read-value.ts';

const lines = [
  '{"event":"reply","path":"/b/0","status":"ok","value":{"n":1.0},"ms":1.5,"trace":{"queued":0}}',
  '{"event":"reply","path":"/a~1","status":"error","error":{"code":"TIMEOUT","message":"late"},"ms":2}',
  '{"event":"reply","path":"/b/1","status":"ok","value":10000000000000000001}',
  '{"event":"reply","path":"/b","status":"ok","count":2,"ms":3}',
  '{"event":"item","path":"/flow","index":0,"value":"x"}',
  '{"event":"reply","path":"/flow","status":"ok","items":1}',
  '{"event":"end","complete":false,"counts":{"ok":2},"ms":4}',
];

it('a frame is read, its value is not', () => {
  expect(frameOf(lines[0]!, 7)).toMatchObject({
    path: '/b/0',
    ms: 1.5,
    value: { line: 7, kind: 'object', members: 1 },
  });
});

it('a long value is cut between two signs', () => {
  const text = `["${'\\u00e4'.repeat(500)}", ${'1'.repeat(2000)}]`;
  const [one, two] = membersAt(text, 0, 0, 0, 9);
  expect(JSON.parse(one!.value.text)).toMatch(/^ä+$/);
  expect([one!.value.isCut, two!.value.isCut]).toEqual([true, true]);
  expect(membersAt('[1,2,3]', 0, 0, 1, 1)).toMatchObject([{ key: 1, value: { text: '2' } }]);
});

describe('the tree', () => {
  const replies = lines.slice(0, 4).map((line, index) => frameOf(line, index));
  const nothing = { turned: new Set<string>(), loaded: new Map() };

  it('has a line for each reply, and what is open below it', () => {
    const shown = linesOf({ replies, items: new Map() }, nothing).map(({ depth, name, kind, pointer }) => [
      depth,
      name,
      kind,
      pointer,
    ]);
    expect(shown).toEqual([
      [0, 'b', 'reply', '/b'],
      [1, '0', 'reply', '/b/0'],
      [1, '1', 'reply', '/b/1'],
      [0, 'a/', 'reply', '/a~1'],
      [1, 'error', 'note', undefined],
    ]);
  });

  it('points to a member of a list by its name, as a reference does', () => {
    const frame: Frame = { event: 'reply', path: '/0', status: 'ok', as: 'x/y', value: valueAt('[[1]]', 0, 0) };
    const loaded = new Map([['value 0 0', membersAt('[[1]]', 0, 0, 0, 9)]]);
    expect(
      linesOf({ replies: [frame], items: new Map() }, { ...nothing, loaded }).map(({ pointer }) => pointer),
    ).toEqual(['/x~1y', '/x~1y/0']);
  });

  it.each([
    ['as it was told', undefined, ['2', '0']],
    ['though that was told by index', { '/0/2': 0.7, '/0/0': 0.5 }, ['0', '2']],
  ])('points into first-reply by the order of arrival, %s, and by a literal `as` alone', (_how, ends, names) => {
    const replies = ['/0/2', '/0/0', '/0', '/1'].map((path): Frame => {
      const ended = ends?.[path as keyof typeof ends];
      return { event: 'reply', path, status: 'ok', as: 'made', ...(ended !== undefined && { trace: { ended } }) };
    });
    const race = { pattern: 'first-reply', as: 'race', queries: [{}, {}, {}] };
    const plan = { pattern: 'ordered', queries: [race, { as: { $result: '/race' } }] };
    const turned = new Set(['reply /0/2', 'reply /0/0']);
    const shown = linesOf({ replies, items: new Map(), plan }, { ...nothing, turned });
    expect(shown.map(({ name, pointer }) => [name, pointer])).toEqual([
      ['0 · made', '/race'],
      [names[0], '/race/0'],
      [names[1], '/race/1'],
      ['1 · made', '/1'],
    ]);
  });
});

describe('what a store says', () => {
  it.each(['javascript:alert(1)', 'data:text/html,x', ' https://a.example', 'ftp://a.example', 'https://', 'x'])(
    '"%s" is no link',
    (text) => {
      expect(webAddress(text)).toBeUndefined();
    },
  );

  it('is a link if it is an address of the web', () => {
    expect(webAddress('https://a.example/b.png?c')).toBe('https://a.example/b.png?c');
    expect([isPictureAddress('https://a.example/b.PNG?c'), isPictureAddress('https://a.example/b?c=.png')]).toEqual([
      true,
      false,
    ]);
  });

  it('is a picture only by its type', () => {
    const meta = (contentType: string, encoding: string) => ({ contentType, encoding });
    expect(pictureOf('aGk=', meta('image/png', 'base64'))).toBe('data:image/png;base64,aGk=');
    expect(pictureOf('<svg/>', meta('image/svg+xml', 'text'))).toBe('data:image/svg+xml;charset=utf-8,%3Csvg%2F%3E');
    expect(pictureOf('aGk=', meta('text/html', 'base64'))).toBeUndefined();
    expect(pictureOf('"><b>', meta('image/png', 'base64'))).toBeUndefined();
    expect(pictureOf('aGk=', undefined)).toBeUndefined();
  });
});

it.each([
  ['attachment; filename="a b.zip"', 'application/zip', 'a b.zip'],
  [`attachment; filename="M?rz.zip"; filename*=UTF-8''M%C3%A4rz.zip`, 'application/zip', 'März.zip'],
  ['attachment; filename="../a\\\\b.zip"', 'application/zip', '.._a_b.zip'],
  ['attachment; filename="a;b.zip"', 'application/zip', 'a;b.zip'],
  [String.raw`attachment; filename="a\"b.zip"`, 'application/zip', 'a"b.zip'],
  [`attachment; filename="a; filename*=UTF-8''b.zip"`, 'application/zip', "a; filename*=UTF-8''b.zip"],
  ["attachment; filename*=UTF-8''%E4; filename=a.zip", 'application/zip', 'a.zip'],
  ['attachment; filename=""', 'application/zip', 'codap.zip'],
  ['attachment', 'text/csv; charset=utf-8', 'codap.csv'],
  ['', 'application/x-ndjson', 'codap.ndjson'],
  ['attachment', 'image/svg+xml', 'codap.svg'],
  ['attachment', 'text/html', 'codap.bin'],
])('what comes with "%s" as %s is saved as %s', (disposition, type, name) => {
  expect(fileName(new Headers({ 'content-disposition': disposition, 'content-type': type }))).toBe(name);
});

it.each([
  ['application/zip', 'PK…', {}, true],
  ['application/zip', 'PK…Incomplete: see _INCOMPLETE.json', {}, false],
  ['application/x-ndjson', '{"event":"reply"}\n{"event":"end","complete":true,"counts":{}}\n', {}, true],
  ['application/x-ndjson', '{"event":"end","complete":false}\n', {}, false],
  ['application/x-ndjson', '{"event":"reply","value":"{\\"event\\":\\"end\\""}\n', {}, false],
  ['text/csv', 'a\n', { 'codap-complete': 'false' }, false],
  ['text/csv', 'a\n', { 'codap-complete': 'true' }, true],
  ['application/x-tar', '', {}, undefined],
])('a file of %s that ends with %s, and with %o, is complete: %s', async (type, text, headers, complete) => {
  expect(await isComplete(new Blob([text], { type }), new Headers(headers))).toBe(complete);
});
