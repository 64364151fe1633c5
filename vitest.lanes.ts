import { existsSync } from 'node:fs';
import { mergeConfig, type ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/**
 * The configuration of a suite of `folder`. The files named in `measuring` hold a time, memory or how fast
 * something is to narrow bounds, or keep both cores busy: they run one by one. The others wait most of the
 * time, and do so by two before those.
 */
export function lanes(folder: string, measuring: readonly string[], own: ViteUserConfig['test']): ViteUserConfig {
  const alone = measuring.map((name) => `${folder}/${name}.test.ts`);
  const missing = alone.filter((file) => !existsSync(new URL(file, import.meta.url)));
  if (missing.length > 0) throw new Error(`not there: ${missing.join()}`);
  const config = mergeConfig(shared, { test: { testTimeout: 30_000, maxWorkers: 2, ...own } });
  // Merging would add to these lists, and the shared ones speak of the other suites.
  const { include: _include, exclude: _exclude, ...rest } = config.test;
  const lane = (name: string, groupOrder: number, test: object) => ({
    extends: true as const,
    test: { name, sequence: { groupOrder }, ...test },
  });
  return {
    ...config,
    test: {
      ...rest,
      projects: [
        lane('side by side', 1, { include: [`${folder}/**/*.test.ts`], exclude: alone }),
        lane('alone', 2, { include: alone, exclude: [], maxWorkers: 1 }),
      ],
    },
  };
}
