import type { Env } from './env.ts';
import { type ConfigFault, toPath } from './fault.ts';
import { NAME } from './name-schema.ts';

/** Data with its `${…}` filled in, the places that were nothing but one, and what went wrong. */
export interface FilledIn {
  readonly value: unknown;
  /**
   * Paths of the strings that were one whole `${…}`: their place decides whether they are a number, a boolean
   * or a text.
   */
  readonly whole: ReadonlySet<string>;
  /** By path, of texts that have variables or look like one: what to say if they are wrong. */
  readonly origins: ReadonlyMap<string, string>;
  readonly faults: readonly ConfigFault[];
}

/** What is not well written takes the rest with it: nobody knows where it was to end. */
const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}|\$\{[^]*/g;

/** A variable as a shell has it, but not this configuration. */
const OF_A_SHELL = /^\$([A-Z_][A-Z0-9_]*)$/;

/** Whose keys are names. */
const NAMED: ReadonlySet<unknown> = new Set(['sources', 'batches', 'callers']);

/**
 * Fills in `${NAME}` and `${NAME:-default}` in every string below the named top-level fields; elsewhere that
 * is a fault, and keys are left alone. As in a shell, the default also stands in for an empty variable. What
 * a variable holds is not looked at again.
 */
export function fill(raw: unknown, env: Env, fields: readonly string[]): FilledIn {
  const whole = new Set<string>();
  const origins = new Map<string, string>();
  const faults: ConfigFault[] = [];
  const detail = `variables are filled in below ${fields.join(' and ')} alone, and a text without \${ is allowed here`;

  const from = (path: string, name: string, value: string): void => {
    const origin = `from \${${name}}${value === '' ? ', which is empty' : ''}`;
    const known = origins.get(path);
    origins.set(path, known === undefined ? origin : `${known}, ${origin}`);
  };

  const text = (template: string, path: readonly PropertyKey[]): string => {
    const [, meant] = OF_A_SHELL.exec(template) ?? [];
    // What is no variable may be a secret that begins like one.
    if (meant !== undefined) origins.set(toPath(path), `write \${${Object.hasOwn(env, meant) ? meant : 'NAME'}}`);
    return template.replace(REFERENCE, (match, name: string | undefined, fallback: string | undefined) => {
      if (match.length === template.length) whole.add(toPath(path));
      if (name === undefined) {
        faults.push({ path: toPath(path), detail: 'write ${NAME} or ${NAME:-default}, with no brace in the default' });
        return match;
      }
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      if (fallback !== undefined && !value) return fallback;
      if (value !== undefined) {
        from(toPath(path), name, value);
        return value;
      }
      faults.push({ path: toPath(path), detail: `the environment variable ${name} is not set` });
      return match;
    });
  };

  const walk = (node: unknown, path: readonly PropertyKey[]): unknown => {
    if (typeof node === 'string') {
      if (fields.includes(String(path[0]))) return text(node, path);
      if (node.includes('${')) faults.push({ path: toPath(path), detail });
      return node;
    }
    if (typeof node !== 'object' || node === null) return node;
    return Array.isArray(node)
      ? node.map((item, index) => walk(item, [...path, index]))
      : Object.fromEntries(Object.entries(node).flatMap((entry) => member(entry, path)));
  };

  const member = ([key, value]: [string, unknown], path: readonly PropertyKey[]): [string, unknown][] => {
    // The schema would drop this key without a word.
    if (key === '__proto__') {
      const isNamed = path.length === 1 && NAMED.has(path[0]);
      const detail = isNamed ? NAME : 'unknown field; no field of this name is allowed anywhere';
      faults.push({ path: toPath([...path, key]), detail });
      return [];
    }
    return [[key, walk(value, [...path, key])]];
  };

  return { value: walk(raw, []), whole, origins, faults };
}
