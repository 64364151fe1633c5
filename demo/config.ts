import { DEMO_CREDENTIALS } from './credentials.ts';
import { UNIQUE } from './data.ts';
import type { Stores } from './stores.ts';

/** The configuration of `codap demo`, as a YAML file would give it: every embedded store as a source. */
export function demoConfig({ mongoUrl, s3Endpoint, restUrl }: Pick<Stores, 'mongoUrl' | 's3Endpoint' | 'restUrl'>) {
  const s3 = { adapter: 's3', endpoint: s3Endpoint, region: 'eu-west-1', forcePathStyle: true, ...DEMO_CREDENTIALS };
  return {
    server: { mcp: true },
    sources: {
      shop: {
        adapter: 'mongo',
        url: mongoUrl,
        database: 'shop',
        collections: ['users', 'products', 'orders', 'reviews'],
        unique: UNIQUE,
      },
      photos: { ...s3, bucket: 'photos', prefix: 'public/' },
      files: { ...s3, bucket: 'files' },
      catalog: { adapter: 'rest', url: `${restUrl}/`, methods: ['get', 'head', 'post'] },
      'pricing-eu': { adapter: 'rest', url: `${restUrl}/eu/` },
      'pricing-us': { adapter: 'rest', url: `${restUrl}/us/` },
      'pricing-asia': { adapter: 'rest', url: `${restUrl}/asia/` },
    },
  };
}
