import type { SyntaxNode } from '@lezer/common';
import { propertiesOf, valuesIn } from '../json/locate.ts';

/** The names that a reference may begin with: those of all queries, by key, by `as`, or by their index. */
export function namesOf(text: string, root: SyntaxNode | null): string[] {
  return root ? [...new Set(inside(text, root))] : [];
}

function inside(text: string, group: SyntaxNode): string[] {
  const queries = propertiesOf(text, group).find(({ key }) => key === 'queries')?.value;
  if (queries?.name === 'Object') {
    return propertiesOf(text, queries).flatMap(({ key, value }) => [key, ...(value ? inside(text, value) : [])]);
  }
  if (queries?.name !== 'Array') return [];
  return valuesIn(queries).flatMap((query, index) => {
    const as = propertiesOf(text, query).find(({ key }) => key === 'as')?.value;
    const name = as?.name === 'String' ? (JSON.parse(text.slice(as.from, as.to)) as string) : String(index);
    return [name, ...inside(text, query)];
  });
}
