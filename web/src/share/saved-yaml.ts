import { Document, isCollection, isMap, isScalar, parseDocument, visit } from 'yaml';
import type { Pattern } from '../session/pattern.ts';

/** What a request may say and a saved batch may not. */
const OF_A_REQUEST = ['trace', 'shape'];

/**
 * A batch as the `batches` of a configuration. Numbers keep their digits, and keys their places. Throws
 * TypeError if it is no JSON object.
 */
export function asSavedBatch(pattern: Pattern, text: string, name = 'my-batch'): string {
  // JSON is YAML, and this reader keeps what it does not know how to say in JavaScript.
  const batch = parseDocument(text, { intAsBigInt: true, uniqueKeys: false });
  if (batch.errors.length > 0 || !isMap(batch.contents)) throw new TypeError('a batch is a JSON object');
  for (const field of OF_A_REQUEST) batch.contents.delete(field);
  visit(batch, {
    Collection(_key, node) {
      node.flow = false;
    },
    Scalar(_key, node) {
      // Without quotes `<<` merges what stands there.
      if (typeof node.value === 'string') node.type = node.value === '<<' ? 'QUOTE_DOUBLE' : 'PLAIN';
    },
  });
  const saved = new Document({ batches: { [name]: { pattern } } });
  const own = saved.getIn(['batches', name], true);
  if (isMap(own)) own.items.push(...batch.contents.items);
  flattenShort(saved);
  return saved.toString({ lineWidth: 100 });
}

/** Writes what is short and plain on one line. */
function flattenShort(document: Document): void {
  visit(document, {
    Collection(_key, node, path) {
      if (path.length > 4 && isCollection(node) && isPlain(node)) node.flow = true;
    },
  });
}

function isPlain(node: { items: readonly unknown[] }): boolean {
  const size = JSON.stringify(node, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  ).length;
  return size < 80 && node.items.every((item) => isScalar(item) || !isCollection(item));
}
