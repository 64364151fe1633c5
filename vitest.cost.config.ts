import { lanes } from './vitest.lanes.ts';

const MEASURING = [
  'archive-late',
  'archive-slow-reader',
  'bounds',
  'cost',
  'hostile',
  'idle',
  'lost-requests',
  'million',
  'opened-bytes',
  'plan-speed',
  'read-memory',
  'scan-speed',
  'unreachable',
  'very-many',
  'waiting-speed',
];

const config = lanes('test/cost', MEASURING, {});
// What codap lets in is part of what they bound.
config.test!.setupFiles = ['test/warnings.ts'];

export default config;
