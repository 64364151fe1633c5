import { stack } from '../../../src/sources/layer.ts';
import { limit } from '../../../src/sources/layers/limit.ts';
import { prime } from '../../../src/sources/layers/prime.ts';
import { attemptTimeout, timeout } from '../../../src/sources/layers/timeout.ts';
import { layerSuite } from '../../layer-suite/layer-suite.ts';

layerSuite('a whole stack', () => {
  const limited = limit({ name: 'shop', concurrency: 1, queue: 1 });
  const layers = [timeout('shop'), limited.flowing, limited, attemptTimeout('shop', 400), prime];
  return { ...limited, name: 'stack', wrap: (next) => stack(next, layers) };
});
