import { expect, it } from 'vitest';
import type { Family } from '../../src/observe/family.ts';
import { Totals } from '../../src/observe/totals.ts';

const counting = (calls: number, running: number): readonly Family[] => [
  { name: 'calls', help: '', type: 'counter', labels: [], series: [[[], [calls]]] },
  { name: 'running', help: '', type: 'gauge', labels: [], series: [[[], [running]]] },
];
const told = ({ families }: Totals) =>
  Object.fromEntries(families.map(({ name, series }) => [name, series[0]?.[1][0]]));

it('what a part has counted stays once it has ended, but for what it had under way', () => {
  const totals = new Totals();
  const end = totals.add(() => counting(3, 1));
  totals.add(() => counting(4, 2));
  expect(told(totals)).toEqual({ calls: 7, running: 3 });
  end();
  end();
  expect(told(totals)).toEqual({ calls: 7, running: 2 });
});
