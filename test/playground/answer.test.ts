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
    const plan = { pattern: 'kv', queries: { b: { pattern: 'ordered', queries: [{}, {}] }, 'a/': {} } };
    const shown = linesOf({ replies, items: new Map(), plan }, nothing).map(({ depth, name, kind, pointer }) => [
      depth,
      name,
      kind,
      pointer,
    ]);
    expect(shown).toEqual([
      [0, 'b', 'reply', '/b'],
      [1, '0', 'reply', '/b/0'],
      [1, '1', 'reply', '/b/1'],
      [0, 'a/', 'reply', undefined],
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

  it('points to a member of kv by its key, whatever its name in an archive', () => {
    const frame: Frame = { event: 'reply', path: '/a', status: 'ok', value: valueAt('1', 0, 0) };
    const plan = { pattern: 'kv', queries: { a: { as: 'cover.jpg' } } };
    const [line] = linesOf({ replies: [frame], items: new Map(), plan }, nothing);
    expect(line).toMatchObject({ name: 'a', pointer: '/a' });
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

describe('the reference to a reply', () => {
  const nothing = { turned: new Set<string>(), loaded: new Map() };
  const race = (more: object, ...queries: object[]) => ({ pattern: 'first-reply', ...more, queries });
  const told = (path: string, status: string, ended: number) => ({ path, status, ended });
  const reply = (path: string, status: string, ended: number, more: object = {}): Frame => ({
    event: 'reply',
    path,
    status,
    trace: { ended },
    ...more,
  });
  const [hidden, plain] = [{ hidden: true }, {}];

  it.each<[string, object, readonly Frame[], Record<string, string | undefined>]>([
    [
      'counts successes alone under a `take`',
      race({ take: 2 }, plain, plain, plain, plain),
      [
        reply('/g/1', 'skipped', 2),
        reply('/g/0', 'error', 7),
        reply('/g/2', 'ok', 60),
        reply('/g/3', 'ok', 70),
        reply('/g', 'ok', 71),
      ],
      { '/g': '/g', '/g/1': undefined, '/g/0': undefined, '/g/2': '/g/0', '/g/3': '/g/1' },
    ],
    [
      'counts a hidden success under a `take`, and no other hidden one',
      race({ take: 2 }, hidden, plain, hidden, hidden),
      [
        reply('/g/1', 'ok', 60),
        reply('/g', 'ok', 61, {
          trace: {
            ended: 61,
            members: [told('/g/0', 'ok', 50), told('/g/2', 'error', 10), told('/g/3', 'skipped', 1)],
          },
        }),
      ],
      { '/g/1': '/g/1' },
    ],
    [
      'counts failures and those skipped without a `take`',
      race({}, plain, plain, plain),
      [reply('/g/2', 'skipped', 1), reply('/g/0', 'error', 2), reply('/g/1', 'ok', 3), reply('/g', 'partial', 4)],
      { '/g/1': '/g/2', '/g/0': undefined, '/g/2': undefined },
    ],
    [
      'counts hidden ones without a `take`',
      race({}, hidden, plain, plain),
      [
        reply('/g/2', 'ok', 1),
        reply('/g/1', 'ok', 90),
        reply('/g', 'ok', 91, { trace: { ended: 91, members: [told('/g/0', 'ok', 30), told('/g/0/0', 'ok', 29)] } }),
      ],
      { '/g/2': '/g/0', '/g/1': '/g/2' },
    ],
    [
      'counts a hidden one that is told of as it has failed once',
      race({}, hidden, plain),
      [
        reply('/g/0', 'error', 1),
        reply('/g/1', 'ok', 2),
        reply('/g', 'partial', 3, { trace: { ended: 3, members: [told('/g/0', 'error', 1)] } }),
      ],
      { '/g/1': '/g/1' },
    ],
    [
      'is not known while a hidden one may come before',
      race({}, hidden, plain),
      [reply('/g/1', 'ok', 2)],
      { '/g/1': undefined },
    ],
    ['is known while no other is hidden', race({}, plain, plain), [reply('/g/1', 'ok', 2)], { '/g/1': '/g/0' }],
    [
      'is none into a race that failed',
      race({ take: 2 }, plain, plain),
      [reply('/g/1', 'ok', 1), reply('/g/0', 'error', 2), reply('/g', 'error', 3)],
      { '/g': undefined, '/g/1': undefined, '/g/0': undefined },
    ],
    [
      'is one into a group that failed, but none where that has one value',
      { pattern: 'kv', queries: { a: plain, b: { pattern: 'kv', select: '/x', queries: { c: plain } } } },
      [reply('/g/a', 'ok', 1), reply('/g/b/c', 'ok', 1), reply('/g/b', 'error', 2), reply('/g', 'error', 3)],
      { '/g': undefined, '/g/a': '/g/a', '/g/b': undefined, '/g/b/c': undefined },
    ],
    [
      'counts so in each item of a forEach',
      { ...race({ take: 1 + 1 }, plain, plain, plain), forEach: {} },
      [
        reply('/g/1/0', 'error', 1),
        reply('/g/1/2', 'ok', 2),
        reply('/g/1/1', 'ok', 3),
        reply('/g/1', 'ok', 4),
        reply('/g', 'ok', 5),
      ],
      { '/g': '/g', '/g/1': '/g/1', '/g/1/0': undefined, '/g/1/2': '/g/1/0', '/g/1/1': '/g/1/1' },
    ],
    [
      'counts hidden ones of a list by their places',
      { pattern: 'ordered', queries: [hidden, plain] },
      [reply('/g/1', 'ok', 1), reply('/g', 'ok', 2)],
      { '/g/1': '/g/1' },
    ],
    ['is none to a list that flows', { stream: true }, [reply('/g', 'ok', 1, { items: 2 })], { '/g': undefined }],
    [
      'is none to an item whose list flows, nor to all of them',
      { stream: true, forEach: {} },
      [reply('/g/0', 'ok', 1), reply('/g', 'ok', 1)],
      { '/g': undefined, '/g/0': undefined },
    ],
  ])('%s', (_, group, replies, pointers) => {
    const plan = { pattern: 'kv', queries: { g: group } };
    const turned = new Set(replies.flatMap(({ path }) => (path === '/g' ? [] : [`reply ${path}`])));
    const shown = linesOf({ replies, items: new Map(), plan }, { ...nothing, turned });
    const found = shown.map(({ id, pointer }) => [id.replace('reply ', ''), pointer]);
    expect(Object.fromEntries(found)).toMatchObject(pointers);
  });

  it('is none to the items of a list that flows, nor to what stands in them', () => {
    const loaded = new Map([
      ['items /g', membersAt('[{"a":1}]', 0, 0, 0, 9)],
      ['value 0 1', membersAt('{"a":1}', 0, 0, 0, 9)],
    ]);
    const plan = { pattern: 'kv', queries: { g: { stream: true } } };
    const lines = linesOf(
      { replies: [], items: new Map([['/g', 1]]), plan },
      { turned: new Set(['value 0 1']), loaded },
    );
    expect(lines.map(({ name, pointer }) => [name, pointer])).toEqual([
      ['g', undefined],
      ['0', undefined],
      ['a', undefined],
    ]);
  });

  it('is none into a list of which the plan is not known', () => {
    const replies = [reply('/g/1', 'ok', 1), reply('/g', 'ok', 2), reply('/k/a', 'ok', 1), reply('/k', 'ok', 2)];
    const lines = linesOf({ replies, items: new Map() }, nothing);
    expect(lines.map(({ name, pointer }) => [name, pointer])).toEqual([
      ['g', '/g'],
      ['1', undefined],
      ['k', '/k'],
      ['a', '/k/a'],
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
