import type { Diagnostic } from '@codemirror/lint';
import type { Problem } from '../answer/node.ts';
import { locate, placeOf, treeOf } from '../json/locate.ts';

/** What is wrong with a batch, each where it stands. */
export function diagnosticsOf(text: string, faults: NonNullable<Problem['errors']>): Diagnostic[] {
  const tree = treeOf(text);
  const found = faults.map(({ pointer = '', detail }): Diagnostic => {
    // What is not JSON has no pointer, but a line and a column.
    const [, line, column] = /line (\d+), column (\d+)/.exec(detail) ?? [];
    const at = line === undefined ? undefined : placeOf(text, Number(line), Number(column));
    const { from, to } = at === undefined ? locate(text, pointer, tree) : { from: Math.max(0, at - 1), to: at + 1 };
    return { from, to: Math.min(text.length, to), severity: 'error', message: detail };
  });
  return found.toSorted((a, b) => a.from - b.from);
}
