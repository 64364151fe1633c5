import { isPattern, type Pattern } from './pattern.ts';

/** A batch to begin with. */
export interface Example {
  readonly name: string;
  readonly pattern: Pattern;
  readonly text: string;
}

const files = import.meta.glob<string>('../../../examples/*.json', { query: '?raw', import: 'default', eager: true });

/** The examples that come along, those that show most first. */
export const EXAMPLES: readonly Example[] = Object.entries(files)
  .flatMap(([path, text]) => {
    const [, name = '', pattern = ''] = /([^/]+)\.([\w-]+)\.json$/.exec(path) ?? [];
    return isPattern(pattern) ? [{ name: name.replaceAll('-', ' '), pattern, text: text.trimEnd() }] : [];
  })
  .toSorted((a, b) => rank(a) - rank(b));

function rank({ name }: Example): number {
  const at = ['product page', 'search results', 'zip'].indexOf(name);
  return at < 0 ? 9 : at;
}

/** What the editor holds at first. */
export function firstOf(pattern: Pattern): string {
  return EXAMPLES.find((example) => example.pattern === pattern)?.text ?? '{ "queries": {} }';
}
