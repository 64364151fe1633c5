import { expect, it } from 'vitest';
import { onTreeKey } from '../../web/src/page/tree-keys.ts';

/** What a key does in a tree of five rows, of which the last but one is active. */
function press(key: string, row: { isOpen?: boolean; parent: number }): (number | 'act')[] {
  const done: (number | 'act')[] = [];
  const event = { key, ctrlKey: false, metaKey: false, target: null, currentTarget: null, preventDefault() {} };
  onTreeKey(event, {
    at: 3,
    count: 5,
    isOpen: row.isOpen,
    parent: () => row.parent,
    move: (index) => done.push(index),
    act: () => done.push('act'),
  });
  return done;
}

it.each([
  ['closes what is open', 'ArrowLeft', { isOpen: true, parent: 1 }, ['act']],
  ['leads from what is closed to what it stands in', 'ArrowLeft', { isOpen: false, parent: 1 }, [1]],
  ['leads from what is closed at the top nowhere', 'ArrowLeft', { isOpen: false, parent: -1 }, []],
  ['leads from what holds nothing at the top nowhere', 'ArrowLeft', { parent: -1 }, []],
  ['opens what is closed', 'ArrowRight', { isOpen: false, parent: -1 }, ['act']],
  ['leads into what is open', 'ArrowRight', { isOpen: true, parent: -1 }, [4]],
  ['leads from what holds nothing nowhere', 'ArrowRight', { parent: 1 }, []],
])('in a tree a key %s: %s', (_, key, row, done) => {
  expect(press(key, row)).toEqual(done);
});
