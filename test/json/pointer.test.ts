import { ObjectId } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPointer, fragment, isPointer, parsePointer, type There } from '../../src/json/pointer.ts';
import { follow } from '../follow.ts';

const at = (value: unknown, pointer: string): There => follow(value, parsePointer(pointer));
const found = (value: unknown): There => ({ found: true, value });

describe('the examples of RFC 6901', () => {
  const document = {
    foo: ['bar', 'baz'],
    '': 0,
    'a/b': 1,
    'c%d': 2,
    'e^f': 3,
    'g|h': 4,
    'i\\j': 5,
    'k"l': 6,
    ' ': 7,
    'm~n': 8,
  };

  it.each([
    ['', '#', document],
    ['/foo', '#/foo', ['bar', 'baz']],
    ['/foo/0', '#/foo/0', 'bar'],
    ['/', '#/', 0],
    ['/a~1b', '#/a~1b', 1],
    ['/c%d', '#/c%25d', 2],
    ['/e^f', '#/e%5Ef', 3],
    ['/g|h', '#/g%7Ch', 4],
    ['/i\\j', '#/i%5Cj', 5],
    ['/k"l', '#/k%22l', 6],
    ['/ ', '#/%20', 7],
    ['/m~0n', '#/m~0n', 8],
  ])('%j reads as §5 says, and is %j as the fragment of §6', (pointer, asFragment, value) => {
    expect(at(document, pointer)).toEqual(found(value));
    expect(fragment(parsePointer(pointer))).toBe(asFragment);
  });
});

describe('the * of RFC 8620 §3.7', () => {
  it('gathers the example of the RFC into one flat list', () => {
    const threads = {
      list: [
        { id: 'trd194', emailIds: ['msg1020', 'msg1021', 'msg1023'] },
        { id: 'trd114', emailIds: ['msg201', 'msg223'] },
      ],
    };
    expect(at(threads, '/list/*/emailIds')).toEqual(found(['msg1020', 'msg1021', 'msg1023', 'msg201', 'msg223']));
    expect(at(threads, '/list/*/id')).toEqual(found(['trd194', 'trd114']));
  });

  it('takes one level off a list of lists, and another with another *', () => {
    expect(at([[1, [2]], 3], '/*')).toEqual(found([1, [2], 3]));
    expect(at([[[1], [[2]]]], '/*/*')).toEqual(found([1, [2]]));
  });

  it('passes over members where the rest leads nowhere, and keeps null', () => {
    expect(at([{ a: null }, {}, 7, { a: 1 }], '/*/a')).toEqual(found([null, 1]));
    expect(at([], '/*/a')).toEqual(found([]));
  });

  it('is an ordinary key in an object and leads nowhere from anything else', () => {
    expect(at({ '*': 1 }, '/*')).toEqual(found(1));
    expect(at({ a: 1 }, '/*').found).toBe(false);
    expect(at('text', '/*').found).toBe(false);
  });
});

describe('following', () => {
  it.each([
    '/list/-',
    '/list/01',
    '/list/1e0',
    '/list/2',
    '/list/length',
    '/list/-1',
    '/none',
    '/text/0',
    '/id/buffer',
    '/toString',
    '/when/x',
  ])('%s leads nowhere', (pointer) => {
    expect(at({ list: [1, 2], text: 'abc', id: new ObjectId(), when: new Date() }, pointer).found).toBe(false);
  });

  it('goes through keys that mean something to JavaScript or to bson', () => {
    const value: unknown = JSON.parse('{"__proto__":{"constructor":{"_bsontype":"ObjectId"}}}');
    expect(at(value, '/__proto__/constructor/_bsontype')).toEqual(found('ObjectId'));
    expect(at({}, '/__proto__').found).toBe(false);
  });

  it('agrees with the RFCs read out word by word', () => {
    const key = fc.constantFrom('a', 'b', '*', '0', '1', '-', '01', '__proto__');
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium' },
        fc.constantFrom(null, 1, 'x'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(value, fc.array(key, { maxLength: 5 }), (start, steps) => {
        expect(follow(start, steps)).toEqual(naive(start, steps));
      }),
    );
  });
});

function naive(value: unknown, [step, ...rest]: readonly string[]): There {
  if (step === undefined) return found(value);
  if (Array.isArray(value) && step === '*') {
    const results = value.map((member) => naive(member, rest)).filter((there) => there.found);
    return found(results.flatMap((there) => there.value));
  }
  const members =
    typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : new Map<string, unknown>();
  return members.has(step) ? naive(members.get(step), rest) : { found: false };
}

describe('reading and writing', () => {
  it.each(['a', 'a/b', '/~', '/a~2', '/~~0', '#/a'])('%j is not a pointer', (text) => {
    expect(() => parsePointer(text)).toThrow(SyntaxError);
    expect(isPointer(text)).toBe(false);
  });

  it('does not take ~01 for ~1 written twice', () => {
    expect(parsePointer('/~01')).toEqual(['~1']);
  });

  it('writes what it reads back as the same steps', () => {
    const steps = fc.array(fc.string({ unit: fc.constantFrom('~', '/', '0', '1', 'é', '\ud800') }));
    fc.assert(
      fc.property(steps, (list) => {
        expect(isPointer(formatPointer(list))).toBe(true);
        expect(parsePointer(formatPointer(list))).toEqual(list);
      }),
    );
  });

  it('writes any steps as a fragment whose decoding is the pointer', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (steps) => {
        const text = fragment(steps);
        expect(text).toMatch(/^#(?:[\w\-.~!$&'()*+,;=:@/?]|%[\dA-F]{2})*$/);
        expect(decodeURIComponent(text.slice(1))).toBe(formatPointer(steps));
      }),
    );
  });

  it('writes at most 1,024 characters, none of them half, with "…" for what is left out', () => {
    const step = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', '~', '/', '#', 'é', '😀', '\ud800'), maxLength: 3000, size: 'max' }),
      fc.nat(),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const text = fragment(steps);
        const whole = formatPointer(steps).toWellFormed();
        const told = decodeURIComponent(text.slice(1));
        expect(text.length).toBeLessThanOrEqual(1024);
        expect(text).toMatch(/^#(?:[\w\-.~!$&'()*+,;=:@/?]|%[\dA-F]{2})*$/);
        expect(told).not.toMatch(/~(?![01])/);
        if (told !== whole) expect(told).toContain('…');
        const [head = '', tail = ''] = [told.split('…')[0], told.split('…').at(-1)];
        expect(whole.startsWith(head)).toBe(true);
        expect(whole.endsWith(tail)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [['a', 'b'.repeat(1020)], `#/a/${'b'.repeat(1020)}`],
    [['a', 'b'.repeat(1021), 'c'], `#/a/${'b'.repeat(251)}%E2%80%A6${'b'.repeat(251)}/c`],
    [['queries', 'é'.repeat(500_000), 7], `#/queries/${'%C3%A9'.repeat(41)}%E2%80%A6${'%C3%A9'.repeat(41)}/7`],
    [Array.from({ length: 600 }, () => 'a'), `#/${'a/'.repeat(15)}%E2%80%A6${'/a'.repeat(15)}`],
  ])('%# is shortened in the middle', (steps, text) => {
    expect(fragment(steps)).toBe(text);
  });

  it('writes half a surrogate pair in a fragment as U+FFFD', () => {
    expect(fragment(['\ud800', 3])).toBe('#/%EF%BF%BD/3');
  });
});
