import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunningMember } from '../../src/batch/run/running-member.ts';
import { isLoopHeld } from '../../src/budget/turns.ts';
import { Work } from '../../src/budget/work.ts';
import { ask, q } from './simulated.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const TIMEOUT_MS = 30;
/** Milliseconds after which others have their turn of the event loop. */
const HELD_MS = 5;
const kv = (queries: object, modifiers = {}) => ({ pattern: 'kv', queries, ...modifiers });
const held = q({ value: { n: [1], text: 'x' } });
const stalled = q({ stall: true });
const late = { status: 'error', error: { code: 'TIMEOUT', retryable: true, dependsOn: ['a'] } };
const skipped = { status: 'skipped', error: { code: 'DEPENDENCY_FAILED', retryable: true, dependsOn: ['a'] } };
const reads = (pointer: string) => q({ value: { $result: pointer } });

/** What has come waits for its turn to be read until the batch's deadline has passed. */
function holdUntilDeadline(): void {
  vi.spyOn(Work.prototype, 'turn').mockImplementation(async (signal) => {
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    signal?.throwIfAborted();
  });
  // oxlint-disable-next-line typescript/unbound-method -- it is called on what it is replaced for
  const { open } = RunningMember.prototype;
  vi.spyOn(RunningMember.prototype, 'open').mockImplementation(function (this: RunningMember, reply) {
    isLoopHeld();
    vi.advanceTimersByTime(HELD_MS);
    open.call(this, reply);
  });
}

it.each<[string, object, object, object, object]>([
  ['is skipped by what has failed by it', stalled, reads('/a'), { status: 'error' }, skipped],
  ['goes on with a default that comes by it', { ...stalled, default: 1 }, reads('/a'), { status: 'ok' }, late],
  ['of a group of which a part is there', kv({ x: q(), y: stalled }), reads('/a'), { status: 'partial' }, late],
  ['of a part that has failed by it', kv({ x: q(), y: stalled }), reads('/a/y'), { status: 'partial' }, skipped],
  [
    'of a part of which one had failed before',
    kv({ x: { ...stalled, default: 1 }, y: q({ fail: 'NOT_FOUND' }) }),
    q({ value: [{ $result: '/a/x' }, { $result: '/a/y' }] }),
    { status: 'partial' },
    { status: 'skipped', error: { code: 'DEPENDENCY_FAILED', retryable: false } },
  ],
  [
    'of one that has failed by it in order of arrival',
    { pattern: 'first-reply', queries: [q(), stalled] },
    reads('/a/1'),
    { status: 'partial' },
    skipped,
  ],
  [
    'of an item that has failed by it',
    q({ stall: { $item: '' } }, { forEach: [false, true] }),
    reads('/a/1'),
    { status: 'partial' },
    skipped,
  ],
  [
    'of one that has been skipped by choice',
    q({}, { when: false }),
    reads('/a'),
    { status: 'skipped' },
    { status: 'skipped' },
  ],
])('a deadline %s', async (_what, a, b, first, second) => {
  const answer = ask('kv', { timeoutMs: TIMEOUT_MS, queries: { a, b } });
  for (let turns = 0; turns < 10; turns += 1) await turn();
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
  expect(await answer).toMatchObject({ results: { a: first, b: second } });
});

it.each<[string, object, object, object]>([
  ['a query', held, reads('/a/n'), late],
  ['many members of one', held, reads('/a/n/*'), late],
  ['by a list', held, q({}, { forEach: { $result: '/a/n' } }), late],
  ['by an item of a list', held, q({}, { forEach: [{ $result: '/a/n' }] }), { status: 'error', replies: [late] }],
  ['in when', held, q({}, { when: { $result: '/a/n' } }), late],
  ['in select', held, q({}, { select: { x: { $result: '/a/text' } } }), late],
  [
    'an item of a list whose others are not',
    q({ value: 1, stall: { $item: '' } }, { forEach: [false, true] }),
    reads('/a/0'),
    late,
  ],
  ['a member of a group whose others are not', kv({ x: held, y: stalled }), reads('/a/x'), late],
])('what is there by a deadline, and is read yet, has not failed: %s', async (_what, a, b, expected) => {
  holdUntilDeadline();
  expect(await ask('kv', { timeoutMs: TIMEOUT_MS, queries: { a, b } })).toMatchObject({ results: { b: expected } });
});

it.each([
  ['before', ['/a', '/c']],
  ['behind', ['/c', '/a']],
])('a deadline names what was not there, %s what was', async (_where, pointers) => {
  const b = q({ value: pointers.map(($result) => ({ $result })) });
  const answer = ask('kv', { timeoutMs: TIMEOUT_MS, queries: { a: { ...stalled, default: 1 }, b, c: q({ ms: 5 }) } });
  for (let turns = 0; turns < 10; turns += 1) await turn();
  await vi.advanceTimersByTimeAsync(5);
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
  expect(await answer).toMatchObject({ results: { b: late, c: { status: 'ok' } } });
});

describe('a deadline by which what a chain begins with has failed', () => {
  const dependant = (name: string) => ({
    status: 'skipped',
    error: { code: 'DEPENDENCY_FAILED', retryable: true, dependsOn: [name] },
  });
  const failed = { b: dependant('a'), c: dependant('b'), d: dependant('c'), e: dependant('d') };
  const chain = { a: stalled, b: reads('/a'), c: reads('/b'), d: reads('/c'), e: reads('/d') };
  const backwards = Object.fromEntries(Object.entries(chain).toReversed());

  it.each<[string, object, object]>([
    ['as written', chain, failed],
    ['written backwards', backwards, failed],
    [
      'in a group with a deadline of its own',
      { g: kv(chain, { timeoutMs: TIMEOUT_MS / 2 }) },
      { g: { replies: failed } },
    ],
    [
      'backwards in a group with a deadline of its own',
      { g: kv(backwards, { timeoutMs: TIMEOUT_MS / 2 }) },
      { g: { replies: failed } },
    ],
    ['in parts', { g: kv({ a: stalled }), b: reads('/g/a'), c: reads('/b') }, { b: dependant('g'), c: dependant('b') }],
    [
      'with a default in its middle',
      { ...chain, b: { ...reads('/a'), default: 1 } },
      {
        b: { status: 'ok', defaulted: true },
        c: { ...late, error: { dependsOn: ['b'] } },
        d: { error: { dependsOn: ['c'] } },
      },
    ],
    [
      'in conditions',
      { a: stalled, b: q({}, { when: { $result: '/a' } }), c: q({}, { unless: { $result: '/b' } }) },
      { b: dependant('a'), c: dependant('b') },
    ],
    ['in lists', { a: stalled, b: q({}, { forEach: { $result: '/a' } }), c: reads('/b') }, { c: dependant('b') }],
  ])('fails all of it: %s', async (_how, queries, expected) => {
    const answer = ask('kv', { timeoutMs: TIMEOUT_MS, queries });
    for (let turns = 0; turns < 10; turns += 1) await turn();
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    expect(await answer).toMatchObject({ results: expected });
  });
});
