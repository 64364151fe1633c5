import { describe, expect, it } from 'vitest';
import { FaultList } from '../../src/json/fault-list.ts';

describe('the faults of a request', () => {
  it('are the first hundred, and then it is full', () => {
    const faults = new FaultList();
    expect(faults.empty).toBe(true);
    for (let index = 0; index < 150; index += 1) {
      expect(faults.full).toBe(index >= 100);
      faults.add(['list', index], 'wrong');
    }
    expect(faults.told()).toHaveLength(100);
    expect(faults.told().at(-1)).toEqual({ pointer: '#/list/99', detail: 'wrong' });
  });

  it('are told in at most 512 characters each, none of them half', () => {
    const faults = new FaultList();
    const told = ['x'.repeat(512), 'x'.repeat(513), `${'x'.repeat(510)}😀😀`];
    for (const detail of told) faults.add([], detail);
    const details = faults.told().map(({ detail }) => detail);
    expect(details[0]).toBe(told[0]);
    expect(details[1]).toBe(`${'x'.repeat(511)}…`);
    for (const detail of details) {
      expect(detail.length).toBeLessThanOrEqual(512);
      expect(detail.isWellFormed()).toBe(true);
    }
  });
});
