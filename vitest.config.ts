import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { COMPILE_CACHE } from './bin/compile-cache.js';

export default defineConfig({
  resolve: { alias: { codap: fileURLToPath(new URL('./src/patterns/index.ts', import.meta.url)) } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/cost/**', 'test/stores/**', 'test/web/**', '**/node_modules/**'],
    setupFiles: ['test/warnings.ts', 'test/unpaced.ts'],
    // Tests start codap some hundred times; compiled once, it starts in half the time.
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
    // Most of a test is waiting: three files at a time even where vitest would take one.
    maxWorkers: 3,
    // Every file cleans up after itself; loading all of codap anew for each would take as long as half of the
    // tests.
    isolate: false,
    // Cases that say that they may run at once do nothing but wait, most of the time.
    maxConcurrency: 6,
    // A machine that is busy with something else gets its time, and a test of a time that is promised a
    // second chance.
    testTimeout: 20_000,
    // What fails before a file's tests gets none.
    hookTimeout: 60_000,
    expect: { poll: { timeout: 5000 } },
    retry: process.env['CI'] ? 2 : 0,
    coverage: { provider: 'v8', include: ['src/**/*.ts', 'routes/**/*.ts', 'adapters/**/*.ts'] },
  },
});
