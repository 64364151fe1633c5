import { lanes } from './vitest.lanes.ts';

const MEASURING = ['callers', 'drain', 'workers'];

export default lanes('test/stores', MEASURING, { globalSetup: ['test/stores/setup.ts'] });
