import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
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

describe('a body that has not begun', () => {
  const cases: [string, (body: Readable) => unknown, object][] = [
    ['a first byte', (body) => body.push('x'), { status: 'fulfilled' }],
    ['an end', (body) => body.push(null), { status: 'fulfilled' }],
    ['a failure', (body) => body.destroy(new Error('broken')), { status: 'rejected', reason: { code: 'UNAVAILABLE' } }],
    ['being closed', (body) => body.destroy(), { status: 'rejected', reason: { code: 'UNAVAILABLE' } }],
  ];
  const moments: [string, (happens: () => unknown) => unknown][] = [
    ['before it is here', (happens) => happens()],
    ['once it is here', (happens) => setImmediate(happens)],
  ];

  it.each(cases.flatMap(([what, ...more]) => moments.map(([when, at]) => [what, when, at, ...more] as const)))(
    'settles at %s, %s, and is listened to no more but for errors, which end nobody',
    async (_what, _when, at, happens, outcome) => {
      const stream = new Readable({ read() {} });
      at(() => happens(stream));
      const before = new Map(stream.eventNames().map((name) => [name, stream.listenerCount(name)]));
      before.set('error', stream.listenerCount('error') + 1);
      const asked = prime.wrap(() => Promise.resolve({ kind: 'body', stream, meta: {} }));
      const [settled] = await Promise.allSettled([asked({ op: 'get', params: {}, want: 'body' }, context())]);
      expect(settled).toMatchObject(outcome);
      expect(new Map(stream.eventNames().map((name) => [name, stream.listenerCount(name)]))).toEqual(before);
      expect(() => stream.emit('error', new Error('nobody reads'))).not.toThrow();
    },
  );
});
