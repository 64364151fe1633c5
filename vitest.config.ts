import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { codap: new URL('./src/patterns/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/stores/**', '**/node_modules/**'],
    coverage: { provider: 'v8', include: ['src/**', 'routes/**', 'adapters/**'] },
  },
});
