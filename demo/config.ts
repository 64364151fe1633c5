import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { DEMO_CREDENTIALS } from './credentials.ts';
import { UNIQUE } from './data.ts';
import type { Stores } from './stores.ts';

/** Of the package, which has it beside what was built. */
const file = (name: string): string => join(dirname(findPackageJSON(import.meta.url)!), 'demo/rest', name);

/**
 * The configuration of `codap demo`, as a YAML file would give it: every embedded store as a source that is
 * described.
 */
export function demoConfig({ mongoUrl, s3Endpoint, restUrl }: Pick<Stores, 'mongoUrl' | 's3Endpoint' | 'restUrl'>) {
  const access = { endpoint: s3Endpoint, region: 'eu-west-1', forcePathStyle: true, ...DEMO_CREDENTIALS };
  const s3 = { adapter: 's3', describe: true, ...access };
  const pricing = { adapter: 'rest', describe: true, openapi: file('pricing.yaml') };
  return {
    server: { mcp: true },
    sources: {
      shop: {
        adapter: 'mongo',
        describe: true,
        url: mongoUrl,
        database: 'shop',
        collections: ['users', 'products', 'orders', 'reviews'],
        unique: UNIQUE,
      },
      photos: { ...s3, bucket: 'photos', prefix: 'public/' },
      files: { ...s3, bucket: 'files' },
      catalog: {
        adapter: 'rest',
        describe: true,
        url: `${restUrl}/`,
        methods: ['get', 'head', 'post'],
        openapi: file('catalog.yaml'),
      },
      'pricing-eu': { ...pricing, url: `${restUrl}/eu/` },
      'pricing-us': { ...pricing, url: `${restUrl}/us/` },
      'pricing-asia': { ...pricing, url: `${restUrl}/asia/` },
    },
  };
}
