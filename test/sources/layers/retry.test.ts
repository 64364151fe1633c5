import { layerSuite } from '../../layer-suite/layer-suite.ts';
import { retry } from '../../../src/sources/layers/retry.ts';
layerSuite('a retry', () => retry({ attempts: 3, budget: 0.1, perSecond: 1 }), { repeats: true });
