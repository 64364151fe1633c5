import { adapters } from '../../adapters/index.ts';
import { type Config, ConfigError, type ConfigFault, type Env, readConfig } from '../config/load.ts';
import { warningsOf } from '../config/warnings.ts';
import { ping } from '../service/ping.ts';
import { openSaved } from '../saved/open-saved.ts';
import { openSources, type Sources } from '../sources/open.ts';

/**
 * `codap check`: says whether a configuration file is right and, if asked, whether its sources answer.
 * Resolves to the exit status.
 */
export async function check(file: string, withPing: boolean, env: Env): Promise<number> {
  const { config, faults } = await readConfig(file, env, adapters);
  if (!config) throw new ConfigError(faults);
  await using opened = await openSources(config, adapters);
  const size = await plan(config, opened, faults);
  const names = Object.keys(config.sources);
  for (const { source, text } of warningsOf(config, adapters)) console.log(`warning: sources.${source}: ${text}`);
  if (!withPing) {
    const counts = [counted(names.length, 'source', 'sources'), ...(size ? [counted(size, 'batch', 'batches')] : [])];
    console.log(`${file}: ok, ${counts.join(', ')}`);
    return 0;
  }
  const found = await Promise.all([...opened.sources.values()].map((source) => ping(source, source.timeoutMs)));
  const kinds = found.map(({ adapter }) => adapter);
  for (const { name, adapter, status, ms, code } of found) {
    const cells = [
      name.padEnd(widest(names)),
      adapter.padEnd(widest(kinds)),
      status === 'up' ? 'ok    ' : 'failed',
      `${ms.toFixed(1)} ms`,
      code ?? '',
    ];
    console.log(cells.join('  ').trimEnd());
  }
  return found.every(({ status }) => status === 'up') ? 0 : 1;
}

/** Plans the saved batches. Throws ConfigError with their faults behind the others. */
async function plan(config: Config, { sources }: Sources, others: readonly ConfigFault[]): Promise<number> {
  const faults = [...others];
  try {
    const { size } = await openSaved(config, sources);
    if (faults.length === 0) return size;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // A source that is there, but wrong, would be told of as unknown.
    const areAllThere = !others.some(({ path }) => path.startsWith('sources.'));
    faults.push(...error.faults.filter(({ path }) => areAllThere || !path.endsWith('/source')));
  }
  throw new ConfigError(faults);
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function widest(cells: readonly string[]): number {
  return Math.max(...cells.map(({ length }) => length));
}
