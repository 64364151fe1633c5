import type { SourceConfig } from '../config/load.ts';

/** A body that this configuration's sources take; undefined if it has none that an example is known for. */
export function requestExample(keyed: boolean, sources: Readonly<Record<string, SourceConfig>>): object | undefined {
  const queries = Object.values(sources).flatMap((source) => {
    const example = exampleOf(source);
    const allowed = example && (source.ops?.includes(example.op) ?? true);
    return allowed ? [{ name: source.name, query: { source: source.name, ...example } }] : [];
  });
  if (queries.length === 0) return undefined;
  const few = queries.slice(0, 3);
  if (!keyed) return { queries: few.map(({ query }) => query) };
  return { queries: Object.fromEntries(few.map(({ name, query }) => [name, query])) };
}

function exampleOf(source: SourceConfig): { op: string; params: object } | undefined {
  switch (source.adapter) {
    case 'mongo': {
      const [collection] = (source as SourceConfig & { collections: string[] }).collections;
      return { op: 'find', params: { collection, limit: 2 } };
    }
    case 's3':
      return { op: 'listObjects', params: { limit: 2 } };
    case 'rest':
      return { op: 'get', params: { path: '/' } };
    default:
      return undefined;
  }
}
