import { lanes } from './vitest.lanes.ts';

const MEASURING = [
  'callers',
  'drain',
  'faults',
  'metrics-workers',
  'reload',
  'servers',
  'unwritable-log',
  'workers',
  'workers-start',
];

export default lanes('test/stores', MEASURING, { globalSetup: ['test/stores/setup.ts'] });
