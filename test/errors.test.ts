import { describe, expect, it } from 'vitest';
import { processMemory } from '../src/budget/memory.ts';
import { classify, CodapError, notNeeded } from '../src/errors.ts';
import { limit } from '../src/sources/layers/limit.ts';
import { context } from './adapters/source.ts';

describe('a failure is', () => {
  it.each([
    ['transient where trying again may help', new CodapError('UNAVAILABLE', 'x'), 'transient'],
    [
      'transient where the store asks for fewer requests',
      new CodapError('OVERLOADED', 'x', { status: 429 }),
      'transient',
    ],
    ['transient so, too, where it gave no status', new CodapError('OVERLOADED', 'x'), 'transient'],
    ['permanent where it may not', new CodapError('NOT_FOUND', 'x'), 'permanent'],
    ['permanent where nobody foresaw it', new Error('x'), 'permanent'],
    ['cancelled where nobody waits any more', notNeeded(), 'cancelled'],
    [
      'rejected where it says that the store was never asked',
      new CodapError('OVERLOADED', 'x', { rejected: true }),
      'rejected',
    ],
    ['rejected, whatever its code', new CodapError('CIRCUIT_OPEN', 'x', { rejected: true }), 'rejected'],
  ])('%s', (_name, error, kind) => {
    expect(classify(error)).toBe(kind);
    if (error instanceof CodapError) expect(classify(error.from('shop'))).toBe(kind);
  });
});

describe('a failure, later,', () => {
  it.each([
    ['asks to wait for less', 5000, 2000, 3000],
    ['asks to wait no more once that is over', 5000, 60_000, 0],
    ['says as little as before of when to ask again', undefined, 60_000, undefined],
  ])('%s', (_name, retryAfterMs, ms, left) => {
    const details = { status: 503, source: 'shop', cause: 'why' };
    const before = new CodapError('UNAVAILABLE', 'x', {
      ...details,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
    const later = before.later(ms);
    expect(later).toMatchObject({ code: 'UNAVAILABLE', message: 'x', ...details });
    expect(later.retryAfterMs).toBe(left);
  });
});

describe('a failure that is told again keeps all else', () => {
  const details = {
    source: 'shop',
    status: 503,
    retryAfterMs: 5000,
    dependsOn: ['a'],
    freshMs: 7,
    retryable: false,
    http: 418,
    rejected: true,
    cause: 'why',
  };
  const { source: _source, ...unnamed } = details;
  it.each<[string, object, (failure: CodapError) => CodapError, object]>([
    ['with its source', unnamed, (failure) => failure.from('shop'), {}],
    ['without its cause', details, (failure) => failure.withoutCause(), { cause: undefined }],
    ['later', details, (failure) => failure.later(2000), { retryAfterMs: 3000 }],
    ['of what waited', details, (failure) => failure.waitingFor(['b']), { dependsOn: ['b'] }],
  ])('%s', (_how, given, again, changed) => {
    const failure = again(new CodapError('UNAVAILABLE', 'x', given));
    expect(failure).toBeInstanceOf(CodapError);
    const { cause, ...told } = { ...details, ...changed };
    expect(failure).toMatchObject({ name: 'CodapError', code: 'UNAVAILABLE', message: 'x', ...told });
    expect(failure.cause).toBe(cause);
  });
});

describe('the store was never asked, and that is said', () => {
  it('by a full queue', async () => {
    const full = limit({ name: 'shop', concurrency: 0, queue: 0 }).wrap(() => new Promise(() => {}));
    await expect(full({ op: 'get', params: {}, want: 'value' }, context())).rejects.toMatchObject({
      code: 'OVERLOADED',
      rejected: true,
    });
  });

  it('by a memory that is full, also in a part of it', () => {
    for (const memory of [processMemory(10), processMemory(10).part()]) {
      expect(() => memory.hold(11)).toThrow(expect.objectContaining({ code: 'OVERLOADED', rejected: true }) as Error);
    }
  });
});
