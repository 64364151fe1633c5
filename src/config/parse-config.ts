import type { Adapters } from '../../adapters/adapter.ts';
import { checkSchema, type SchemaFault } from '../store/check-schema.ts';
import type { Env } from './env.ts';
import { ConfigError, type ConfigFault, toPath } from './fault.ts';
import { fill } from './variables.ts';
import { type Config, configSchema } from './schema.ts';

/**
 * Checks a configuration of these kinds of store, `${NAME}` filled in from `env`. Throws ConfigError with
 * every fault.
 */
export function parseConfig(raw: unknown, env: Env, adapters: Adapters): Config {
  const schema = configSchema(adapters);
  const { value, whole, faults } = fill(raw, env, ['server', 'sources']);
  const first = checkSchema(schema, value);
  const checked = convert(value, whole, first.faults) ? checkSchema(schema, value) : first;
  const unfilled = new Set(faults.map(({ path }) => path));
  const found = checked.faults.map(({ path, detail }) => ({ path: toPath(path), detail }));
  const all = [...faults, ...found.filter(({ path }) => !unfilled.has(path))];
  if (all.length > 0) throw new ConfigError(distinct(all));
  return checked.data as Config;
}

/**
 * Where a number or boolean is expected and a whole `${…}` was filled in, its text is read as one. The place
 * decides, not the text: a password of digits stays a password. True if anything changed.
 */
function convert(value: unknown, whole: ReadonlySet<string>, faults: readonly SchemaFault[]): boolean {
  let changed = false;
  for (const { path, expected } of faults) {
    if (expected === undefined || !whole.has(toPath(path))) continue;
    const parent = path
      .slice(0, -1)
      .reduce((node, key) => (node as Record<PropertyKey, unknown>)[key], value) as Record<PropertyKey, unknown>;
    const key = path.at(-1)!;
    const text = String(parent[key]);
    if (expected === 'boolean' && /^(?:true|false)$/.test(text)) parent[key] = text === 'true';
    else if (expected !== 'boolean' && /^-?\d+(?:\.\d+)?$/.test(text)) parent[key] = Number(text);
    else continue;
    changed = true;
  }
  return changed;
}

/** A value that breaks two rules of one kind is told of once. */
function distinct(faults: readonly ConfigFault[]): ConfigFault[] {
  return [...new Map(faults.map((fault) => [`${fault.path}: ${fault.detail}`, fault])).values()];
}
