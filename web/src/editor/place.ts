import type { SyntaxNode, Tree } from '@lezer/common';
import { propertiesOf } from '../json/locate.ts';
import type { Given } from './schema.ts';

/** Where in a batch a person writes. */
export interface Place {
  /** From the outermost value to the object that is written into, or to the value itself. */
  readonly path: readonly (string | number)[];
  /** Whether the name of a field is written, or a value. */
  readonly writes: 'name' | 'value';
  /** What is replaced. */
  readonly from: number;
  readonly to: number;
  /** What stands in each object on the way, the outermost first. */
  readonly objects: readonly Given[];
}

/** Where in a batch a person writes; nothing where neither a name nor a value can be. */
export function placeAt(text: string, tree: Tree, at: number): Place | undefined {
  let node: SyntaxNode | null = tree.resolveInner(at, -1);
  const isText = node.name === 'String' || node.name === 'PropertyName';
  if (isText && (at === node.from || (at === node.to && text[at - 1] === '"' && at - node.from > 1))) return undefined;
  const word = /[\w$."-]*$/.exec(text.slice(Math.max(0, at - 60), at))?.[0] ?? '';
  const { from, to } = isText || VALUES.has(node.name) ? node : { from: at - word.length, to: at };
  const writes = writesAt(node, text, from);
  if (!writes) return undefined;
  const path: (string | number)[] = [];
  const objects: Given[] = [];
  const isName = node.name === 'PropertyName';
  // A value that is not there yet may stand behind its property, as the tree has it.
  const open =
    writes === 'value' && innermost(node)?.name === 'Object' ? nameBefore(text, innermost(node)!, from) : undefined;
  if (open !== undefined) path.unshift(open);
  for (let inner: SyntaxNode | null = isName ? node.parent!.parent : node; (node = inner); inner = node.parent) {
    const name = node.name === 'Property' ? node.getChild('PropertyName') : null;
    if (name) path.unshift(String(plain(text, name)));
    else if (node.name === 'Object') objects.unshift(givenIn(text, node));
    else if (node.name === 'Array') path.unshift(indexIn(node, at));
  }
  return { path, writes, from, to, objects };
}

/** The nearest property, object or list around a place. */
function innermost(node: SyntaxNode): SyntaxNode | null {
  let around: SyntaxNode | null = node;
  while (around && !['Property', 'Object', 'Array'].includes(around.name)) around = around.parent;
  return around;
}

function nameBefore(text: string, object: SyntaxNode, at: number): string | undefined {
  return propertiesOf(text, object).findLast(({ name }) => name.to <= at)?.key;
}

const VALUES = new Set(['True', 'False', 'Null', 'Number']);

function writesAt(node: SyntaxNode, text: string, from: number): Place['writes'] | undefined {
  if (node.name === 'PropertyName') return 'name';
  const before = text.slice(0, from).trimEnd().at(-1);
  if (before === ':' || before === '[') return 'value';
  if (before === ',' || before === '{') {
    const around = innermost(node);
    return (around?.name === 'Property' ? around.parent : around)?.name === 'Array' ? 'value' : 'name';
  }
  return undefined;
}

function givenIn(text: string, object: SyntaxNode): Given {
  const entries = propertiesOf(text, object).map(({ key, value }) => [key, value ? plain(text, value) : undefined]);
  return Object.fromEntries(entries) as Given;
}

/** A plain value; of an object or list nothing. */
function plain(text: string, { from, to }: { from: number; to: number }): unknown {
  try {
    const value: unknown = JSON.parse(text.slice(from, to));
    return typeof value === 'object' ? undefined : value;
  } catch {
    return undefined;
  }
}

function indexIn(list: SyntaxNode, at: number): number {
  let index = 0;
  for (let child = list.firstChild; child && child.to < at; child = child.nextSibling)
    if (child.name === ',') index += 1;
  return index;
}
