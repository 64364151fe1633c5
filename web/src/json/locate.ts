import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@lezer/json';
import { segmentsOf } from './pointer.ts';

/** A part of a text, `to` not included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A property of an object in a text that may still be unfinished. */
export interface Property {
  readonly key: string;
  readonly name: SyntaxNode;
  readonly value: SyntaxNode | null;
}

const VALUES = new Set(['Object', 'Array', 'String', 'Number', 'True', 'False', 'Null']);

/** The tree of a JSON text, as far as it can be read. */
export function treeOf(text: string): Tree {
  return parser.parse(text);
}

/** The outermost value. */
export function rootOf(tree: Tree): SyntaxNode | null {
  return valuesIn(tree.topNode)[0] ?? null;
}

/** The values directly inside a list. */
export function valuesIn(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) if (VALUES.has(child.name)) found.push(child);
  return found;
}

/** The properties of an object. */
export function propertiesOf(text: string, node: SyntaxNode): Property[] {
  const found: Property[] = [];
  for (const property of node.getChildren('Property')) {
    const name = property.getChild('PropertyName');
    if (name) found.push({ key: keyOf(text, name), name, value: valuesIn(property)[0] ?? null });
  }
  return found;
}

function keyOf(text: string, { from, to }: Range): string {
  const raw = text.slice(from, to);
  try {
    return String(JSON.parse(raw));
  } catch {
    return raw.replaceAll('"', '');
  }
}

/**
 * What to underline for a pointer: a plain value as it is, a long one by its name or its bracket; of what is
 * not there, that in which it is missing.
 */
export function locate(text: string, pointer: string, tree: Tree = treeOf(text)): Range {
  let node = rootOf(tree);
  let name: SyntaxNode | null = null;
  for (const segment of segmentsOf(pointer)) {
    const next = node && step(text, node, segment);
    if (!next) break;
    ({ node, name } = next);
  }
  if (!node) return { from: 0, to: Math.min(1, text.length) };
  if (node.name !== 'Object' && node.name !== 'Array') return { from: node.from, to: node.to };
  return name ? { from: name.from, to: name.to } : { from: node.from, to: node.from + 1 };
}

function step(
  text: string,
  node: SyntaxNode,
  segment: string,
): { node: SyntaxNode | null; name: SyntaxNode | null } | undefined {
  if (node.name === 'Array') {
    const value = valuesIn(node)[Number(segment)];
    return value && { node: value, name: null };
  }
  const property = propertiesOf(text, node).findLast(({ key }) => key === segment);
  return property && { node: property.value ?? property.name, name: property.name };
}

/** Where a place stands that is told as `line 3, column 7`, both from 1 on. */
export function placeOf(text: string, line: number, column: number): number {
  let from = 0;
  for (let left = line; left > 1; left--) {
    const next = text.indexOf('\n', from);
    if (next < 0) break;
    from = next + 1;
  }
  return Math.min(text.length, from + column - 1);
}
