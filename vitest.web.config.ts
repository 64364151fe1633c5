import { mergeConfig } from 'vitest/config';
import shared from './vitest.config.ts';

const config = mergeConfig(shared, { test: { fileParallelism: false, testTimeout: 30_000 } });
// Merging would add to these lists, and the shared ones speak of the other suites.
config.test.include = ['test/web/**/*.test.ts'];
config.test.exclude = [];

export default config;
