import { lanes } from './vitest.lanes.ts';

const MEASURING = ['answers', 'first-look', 'marks', 'typing', 'waterfall'];

export default lanes('test/web', MEASURING, {});
