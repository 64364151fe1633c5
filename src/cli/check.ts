import { adapters } from '../../adapters/index.ts';
import { ConfigError, type Env, readConfig } from '../config/load.ts';
import { warningsOf } from '../config/warnings.ts';
import type { CodapError } from '../errors.ts';
import { ping, type Pinged } from '../service/ping.ts';
import { openSources } from '../sources/open.ts';
import { why } from '../sources/why.ts';
import { planSaved, warningsOfSaved } from './load-whole.ts';

/**
 * `codap check`: says whether a configuration file is right and, if asked, whether its sources answer.
 * Resolves to the exit status.
 */
export async function check(file: string, withPing: boolean, env: Env): Promise<number> {
  const checked = await readConfig(file, env, adapters);
  const { config } = checked;
  if (!config) throw new ConfigError(checked.faults);
  await using opened = await openSources(config, adapters);
  const saved = await planSaved(config, opened, checked);
  const names = Object.keys(config.sources);
  for (const { of, text } of [...warningsOf(config, adapters), ...warningsOfSaved(saved)]) {
    const path = 'source' in of ? `sources.${of.source}` : `batches.${of.batch}`;
    console.log(`warning: ${path}: ${text}`);
  }
  if (!withPing) {
    const counts = [
      counted(names.length, 'source', 'sources'),
      ...(saved.size ? [counted(saved.size, 'batch', 'batches')] : []),
    ];
    console.log(`${file}: ok, ${counts.join(', ')}`);
    return 0;
  }
  const reasons = new Map<string, string>();
  const report = (name: string, error: CodapError): void => void reasons.set(name, why(error));
  const found = await Promise.all([...opened.sources.values()].map((source) => ping(source, source.timeoutMs, report)));
  const kinds = found.map(({ adapter }) => adapter);
  const states = found.map(stateOf);
  for (const [at, { name, adapter, ms, code }] of found.entries()) {
    const cells = [
      name.padEnd(widest(names)),
      adapter.padEnd(widest(kinds)),
      states[at]!.padEnd(Math.max(widest(states), 'failed'.length)),
      `${ms.toFixed(1)} ms`,
      code ?? '',
      reasons.get(name) ?? '',
    ];
    console.log(cells.join('  ').trimEnd());
  }
  return found.every(({ status }) => status === 'up') ? 0 : 1;
}

function stateOf({ status, answered }: Pinged): string {
  if (status === 'down') return 'failed';
  return answered === undefined ? 'ok' : `ok (answered ${answered})`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function widest(cells: readonly string[]): number {
  return Math.max(...cells.map(({ length }) => length));
}
