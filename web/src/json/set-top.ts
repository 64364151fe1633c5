import { propertiesOf, rootOf, treeOf } from './locate.ts';

/**
 * A batch with a field at its top set to a JSON text; without one of this name it is put first, or, with
 * `where: 'there'`, left out. All else stays as it was written: no number is read, no key moved.
 */
function setTop(text: string, key: string, json: string, where: 'anywhere' | 'there' = 'anywhere'): string {
  const root = rootOf(treeOf(text));
  if (root?.name !== 'Object') return text;
  const properties = propertiesOf(text, root);
  const given = properties.filter((property) => property.key === key);
  if (given.length === 0) {
    if (where === 'there') return text;
    const comma = properties.length > 0 ? ',' : '';
    return `${text.slice(0, root.from + 1)}${JSON.stringify(key)}:${json}${comma}${text.slice(root.from + 1)}`;
  }
  let changed = text;
  for (const { value } of given.toReversed())
    if (value) changed = changed.slice(0, value.from) + json + changed.slice(value.to);
  return changed;
}

/** A batch as the playground runs it: traced, and as replies. */
export const traced = (text: string): string => setTop(setTop(text, 'trace', 'true'), 'shape', '"replies"', 'there');

/** A batch as it is for answers that have no place for a trace. */
export const untraced = (text: string): string => setTop(text, 'trace', 'false', 'there');
