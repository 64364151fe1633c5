import { adapters } from '../../adapters/index.ts';
import { type Env, loadConfig } from '../config/load.ts';
import { warningsOf } from '../config/warnings.ts';
import { ping } from '../service/ping.ts';
import { openSources } from '../sources/open.ts';

/**
 * `codap check`: says whether a configuration file is right and, if asked, whether its sources answer.
 * Resolves to the exit status.
 */
export async function check(file: string, withPing: boolean, env: Env): Promise<number> {
  const config = await loadConfig(file, env, adapters);
  const names = Object.keys(config.sources);
  for (const { source, text } of warningsOf(config, adapters)) console.log(`warning: sources.${source}: ${text}`);
  if (!withPing) {
    console.log(`${file}: ok, ${names.length === 1 ? '1 source' : `${names.length} sources`}`);
    return 0;
  }
  await using opened = await openSources(config, adapters);
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

function widest(cells: readonly string[]): number {
  return Math.max(...cells.map(({ length }) => length));
}
