import { type ConfigFault, ConfigError } from '../../src/config/load.ts';
import { openSaved } from '../../src/saved/open-saved.ts';
import { Param, paramSchema } from '../../src/saved/param.ts';
import { ParamSet } from '../../src/saved/param-set.ts';
import { openSources, parseConfig } from '../configured.ts';

/** The parameters that these specifications are, all of them right. */
export function paramsOf(specs: Record<string, object>): ParamSet {
  return new ParamSet(new Map(Object.entries(specs).map(([name, spec]) => [name, new Param(paramSchema.parse(spec))])));
}

/** What is wrong with saved batches over one source of each kind, where they stand in no file. */
export async function faultsOf(batches: Record<string, object>): Promise<readonly ConfigFault[]> {
  const config = parseConfig({
    sources: {
      shop: { adapter: 'mongo', url: 'mongodb://127.0.0.1:9', database: 'shop', collections: ['users', 'orders'] },
      photos: {
        adapter: 's3',
        bucket: 'photos',
        endpoint: 'http://127.0.0.1:9',
        accessKeyId: 'k',
        secretAccessKey: 's',
      },
      catalog: { adapter: 'rest', url: 'http://127.0.0.1:9/', methods: ['get', 'post'] },
    },
    batches,
  });
  await using opened = await openSources(config);
  try {
    await openSaved(config, opened.sources);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults;
  }
}
