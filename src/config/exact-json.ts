import { fragment } from '../json/pointer.ts';
import { ConfigError } from './fault.ts';

/** Containers within each other, beyond which there is an alias inside what it names. */
const DEEPEST = 1000;

/**
 * What YAML can say, as JSON text: keys in the order written, integers with all their digits. Throws
 * ConfigError for what JSON has no word for, which names its JSON Pointer as a URI fragment.
 */
export function exactJson(value: unknown, at: readonly (string | number)[] = []): string {
  const unfit = (detail: string): ConfigError => new ConfigError([{ path: fragment(at), detail }]);
  if (at.length > DEEPEST) throw unfit('an alias may not stand inside what it names');
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) throw unfit('a finite number is allowed here');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map((item, index) => exactJson(item, [...at, index])).join(',')}]`;
  // YAML has tags for bytes and sets, too.
  if (value instanceof Uint8Array || value instanceof Set) throw unfit('JSON is allowed here');
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  const members = Array.from(entries, ([key, member]) => {
    if (typeof key === 'object' && key !== null) throw unfit('a key is a text');
    return `${JSON.stringify(String(key))}:${exactJson(member, [...at, String(key)])}`;
  });
  return `{${members.join(',')}}`;
}
