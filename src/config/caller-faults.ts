import { fieldsOf } from '../json/members.ts';
import { choice } from '../store/choice.ts';
import type { ConfigFault } from './fault.ts';
import { keysThatAreNames } from './name-schema.ts';

/**
 * What is wrong with the callers of a configuration that one caller alone does not tell: sources and batches
 * that are not there, `batches` being those that are, and keys that stand there twice. What a schema finds
 * wrong is passed over.
 */
export function callerFaults(value: unknown, batches: readonly string[]): readonly ConfigFault[] {
  const { callers, sources } = fieldsOf(value);
  const there = { sources: keysThatAreNames(sources), batches };
  const seen = new Set<unknown>();
  return Object.entries(fieldsOf(callers)).flatMap(([name, caller]) => {
    const said = fieldsOf(caller);
    const at = (field: string, index: number): string => `callers.${name}.${field}.${index}`;
    const unknown = (['sources', 'batches'] as const).flatMap((field) =>
      textsIn(said[field]).flatMap(([index, text]) => {
        const what = field === 'sources' ? 'source' : 'saved batch';
        if (there[field].includes(text)) return [];
        return [{ path: at(field, index), detail: `no such ${what}; ${choice(there[field])}` }];
      }),
    );
    const doubled = textsIn(said['keys']).flatMap(([index, key]) => {
      const isNew = !seen.has(key);
      seen.add(key);
      return isNew ? [] : [{ path: at('keys', index), detail: 'this key stands here twice, or with another caller' }];
    });
    return [...unknown, ...doubled];
  });
}

function textsIn(value: unknown): readonly (readonly [number, string])[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((text: unknown, index) => (typeof text === 'string' ? [[index, text] as const] : []));
}
