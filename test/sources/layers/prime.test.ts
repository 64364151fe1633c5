import { expect, it } from 'vitest';
import { CodapError } from '../../../src/errors.ts';
import { prime } from '../../../src/sources/layers/prime.ts';
import { context } from '../../adapters/source.ts';
import { FakeStore } from '../../layer-suite/fake-store.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';

layerSuite('prime', () => prime);

it.each(['items', 'body'] as const)('a failure before what is first is one of the call: %s', async (want) => {
  const store = new FakeStore();
  const broken = new CodapError('UNAVAILABLE', 'told to fail');
  const asked = prime.wrap(store.fetch)({ op: 'get', params: {}, want }, context());
  store.calls[0]?.answer([], broken);
  await expect(asked).rejects.toBe(broken);
});
