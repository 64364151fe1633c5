import { layerSuite } from '../../layer-suite/layer-suite.ts';
import { hedge } from '../../../src/sources/layers/hedge.ts';
layerSuite('a hedge', () => hedge({ percentile: 0.92, budget: 0.1 }), { repeats: true });
