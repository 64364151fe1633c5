import { expect, it } from 'vitest';
import { namesFor } from '../../src/batch/plan/named-members.ts';
import type { GroupNode, Node } from '../../src/batch/plan/node.ts';

const query = (key: string, stream = false): Node => ({ kind: 'query', key, stream }) as Node;
const group = (key: string, members: readonly Node[]): GroupNode =>
  ({ kind: 'group', key, members }) as Partial<GroupNode> as GroupNode;

it('the names that members of a group may refer to are found once, without its own for each', () => {
  const [a, b, c, d] = [query('a'), query('b'), query('c', true), query('d', true)] as const;
  const inner = group('g', [a, c, d]);
  const groups = [group('', [b, inner]), inner];
  const names = namesFor(c, groups);
  expect(names).toEqual(['a', 'b']);
  expect(namesFor(d, groups)).toBe(names);
  expect(namesFor(a, groups)).toEqual(['b']);
  expect(namesFor(b, groups.slice(0, 1))).toEqual(['g']);
});
