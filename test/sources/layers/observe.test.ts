import { expect, it } from 'vitest';
import { CodapError } from '../../../src/errors.ts';
import { DurationsBy } from '../../../src/budget/durations.ts';
import { observe } from '../../../src/sources/layers/observe.ts';
import { context } from '../../adapters/source.ts';
import { FakeStore } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';

layerSuite('observe', () => observe(new DurationsBy()));

it.each([
  ['ok', undefined],
  ['TIMEOUT', new CodapError('TIMEOUT', 'late')],
  ['CIRCUIT_OPEN', new CodapError('CIRCUIT_OPEN', 'open', { rejected: true })],
  ['INTERNAL', new TypeError('a bug')],
  ['UNAVAILABLE', new Error('of a driver')],
])('a call is counted by its op and as %s', async (code, failure) => {
  const calls = new DurationsBy();
  const store = new FakeStore();
  const asked = observe(calls).wrap(store.fetch)({ op: 'get', params: {}, want: 'value' }, context());
  if (failure) store.calls[0]?.fail(failure);
  else store.calls[0]?.answer(['x']);
  await asked.catch(() => {});
  expect(calls.counts).toEqual([[['get', code], [1]]]);
});
