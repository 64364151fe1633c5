import type { z } from 'zod';
import type { Adapter } from '../../adapters/adapter.ts';
import type { Env } from '../config.ts';
import { ConfigError, type ConfigFault, toPath } from './fault.ts';
import { fill } from './fill.ts';
import { type Config, configSchema } from './schema.ts';

/** Checks a configuration against these adapters. Throws ConfigError with every fault. */
export function readConfig(raw: unknown, env: Env, adapters: Readonly<Record<string, Adapter>>): Config {
  const schema = configSchema(adapters);
  const { value, whole, faults } = fill(raw, env, ['server', 'sources']);
  const first = schema.safeParse(value, { error: explain });
  const checked =
    first.error && convert(value, whole, first.error.issues) ? schema.safeParse(value, { error: explain }) : first;
  const unfilled = new Set(faults.map(({ path }) => path));
  const all = [...faults, ...(checked.error?.issues.flatMap(toFaults) ?? []).filter(({ path }) => !unfilled.has(path))];
  if (all.length > 0 || !checked.success) throw new ConfigError(distinct(all));
  return checked.data;
}

/**
 * Where a number or boolean is expected and a whole `${…}` was filled in, its text is read as one. The place decides, not the text:
 * a password of digits stays a password. True if anything changed.
 */
function convert(value: unknown, whole: ReadonlySet<string>, issues: readonly z.core.$ZodIssue[]): boolean {
  let changed = false;
  for (const issue of issues) {
    if (issue.code !== 'invalid_type' || !whole.has(toPath(issue.path))) continue;
    const parent = issue.path
      .slice(0, -1)
      .reduce((node, key) => (node as Record<PropertyKey, unknown>)[key], value) as Record<PropertyKey, unknown>;
    const key = issue.path.at(-1)!;
    const text = String(parent[key]);
    if (issue.expected === 'boolean' && /^(?:true|false)$/.test(text)) parent[key] = text === 'true';
    else if (issue.expected !== 'boolean' && /^-?\d+(?:\.\d+)?$/.test(text)) parent[key] = Number(text);
    else continue;
    changed = true;
  }
  return changed;
}

/** A value that breaks two rules of one kind is told of once. */
function distinct(faults: readonly ConfigFault[]): ConfigFault[] {
  return [...new Map(faults.map((fault) => [`${fault.path}: ${fault.detail}`, fault])).values()];
}

function toFaults(issue: z.core.$ZodIssue): ConfigFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: toPath([...issue.path, key]), detail: issue.message }));
  }
  if (issue.code === 'invalid_key')
    return issue.issues.map(({ message }) => ({ path: toPath(issue.path), detail: message }));
  return [{ path: toPath(issue.path), detail: issue.message }];
}

/** Says what is allowed, in place of zod's own words. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'unrecognized_keys') {
    const fields = Object.keys((issue.inst as z.ZodObject | undefined)?.shape ?? {});
    return `unknown field; there are: ${fields.toSorted().join(', ')}`;
  }
  if (issue.code === 'invalid_union' && 'discriminator' in issue)
    return `there are: ${(issue['options'] as string[]).join(', ')}`;
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'required';
  return undefined;
}
