import { type Alias, isAlias, isCollection, isMap, isPair, isScalar, isSeq, type Node, type Pair, Scalar } from 'yaml';
import { TOO_DEEP } from '../store/yaml-words.ts';

/** So many nodes may come of aliases, beside those that are written out. */
const MOST = 100_000;

/** Collections within each other. */
export const DEEPEST = 1000;

/** What aliases of a document name, as it is visited from its beginning to its end. */
export class Aliases {
  readonly #named = new Map<string, Node>();
  readonly #sizes = new Map<unknown, Size>();
  #nodes = 0;

  /** From here on the anchor of this node, if it has one, names this. */
  name(anchor: string | undefined, node: Node): void {
    if (anchor !== undefined) this.#named.set(anchor, node);
  }

  /**
   * What an alias stands for, below `path`; else what is wrong with it. A scalar may become another thing
   * where it stands, so that is a copy.
   */
  resolve({ source, range }: Alias, path: readonly unknown[]): Node | string {
    const node = this.#named.get(source);
    if (!node) return 'an alias names no anchor before it';
    if (path.includes(node)) return 'an alias may not stand inside what it names';
    const { nodes, depth } = this.#sizeOf(node);
    if (path.filter(isCollection).length + depth > DEEPEST) return TOO_DEEP;
    this.#nodes += nodes;
    if (this.#nodes > MOST) return TOO_MANY;
    return isScalar(node) ? copyOf(node, range) : node;
  }

  /** Whether what `<<` names can be merged: an object, or a list of them. */
  isMergeable({ key, value }: Pair): boolean {
    if (!isScalar(key) || typeof key.value !== 'symbol') return true;
    const node = this.#seen(value);
    return (isSeq(node) ? node.items : [node]).map((one) => this.#seen(one)).every((one) => !one || isMap(one));
  }

  /** What stands there, through an alias, too; undefined where that is told as a fault of its own. */
  #seen(node: unknown): unknown {
    return isAlias(node) ? this.#named.get(node.source) : node;
  }

  /** Of what has been visited, and has no alias any more. */
  #sizeOf(node: unknown): Size {
    const known = this.#sizes.get(node);
    if (known) return known;
    const size = { nodes: 1, depth: 0 };
    for (const part of partsOf(node)) {
      const { nodes, depth } = this.#sizeOf(part);
      size.nodes += nodes;
      size.depth = Math.max(size.depth, depth);
    }
    if (isCollection(node)) size.depth += 1;
    this.#sizes.set(node, size);
    return size;
  }
}

/** Aliases may make much of little. */
export const TOO_MANY = `up to here, aliases stand for more than ${MOST} nodes`;

interface Size {
  nodes: number;
  depth: number;
}

function partsOf(node: unknown): readonly unknown[] {
  if (isCollection(node)) return node.items;
  return isPair(node) ? [node.key, node.value] : [];
}

/** A scalar with the same text elsewhere. */
export function copyOf({ value, source }: Scalar, range: Scalar['range']): Scalar {
  return Object.assign(new Scalar(value), { source, range });
}
