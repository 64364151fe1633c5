import type { ToldFault } from '../json/fault-list.ts';
import { fragment } from '../json/pointer.ts';
import { numberText } from '../json/leaf.ts';
import { YamlNumber } from './yaml-number.ts';

/** JSON of what was written. */
export interface ExactJson {
  /** Keys in the order written, numbers with all their digits; `null` where JSON has no word. */
  readonly json: string;
  /** What JSON has no word for, each with its JSON Pointer as a URI fragment. */
  readonly faults: readonly ToldFault[];
}

/** What YAML can say, as JSON. */
export function exactJson(value: unknown): ExactJson {
  const faults: ToldFault[] = [];
  return { json: written(value, [], faults), faults };
}

type Path = readonly (string | number)[];

function written(value: unknown, at: Path, faults: ToldFault[]): string {
  const unfit = (detail: string): string => {
    faults.push({ pointer: fragment(at), detail });
    return 'null';
  };
  if (value instanceof YamlNumber || typeof value === 'number')
    return numberJson(value) ?? unfit('a finite number is allowed here');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map((item, index) => written(item, [...at, index], faults)).join(',')}]`;
  // YAML has tags for bytes and sets, too.
  if (value instanceof Uint8Array || value instanceof Set) return unfit('JSON is allowed here');
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  const members: string[] = [];
  for (const [key, member] of entries) {
    if (typeof key === 'object' && key !== null) unfit('a key is a text');
    else members.push(`${JSON.stringify(String(key))}:${written(member, [...at, String(key)], faults)}`);
  }
  return `{${members.join(',')}}`;
}

function numberJson(value: YamlNumber | number): string | undefined {
  if (typeof value !== 'number') return value.json;
  return Number.isFinite(value) ? numberText(value) : undefined;
}
