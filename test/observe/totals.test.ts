import { describe, expect, it } from 'vitest';
import { atOnce, Work } from '../../src/budget/work.ts';
import { FORMATS } from '../../src/observe/exposition.ts';
import type { Family } from '../../src/observe/family.ts';
import { Growth } from '../../src/observe/growth.ts';
import { Tally } from '../../src/observe/tally.ts';
import { Totals } from '../../src/observe/totals.ts';
import { readMetrics, valueIn } from './open-metrics.ts';

const counting = (calls: number, running: number): Family[] => [
  { name: 'calls', help: 'A.', type: 'counter', labels: [], series: [[[], [calls]]] },
  { name: 'running', help: 'B.', type: 'gauge', labels: [], series: [[[], [running]]] },
];

it('what a part has counted stays once it has ended, but for what it had under way', async () => {
  const totals = new Totals();
  const told = async () => {
    const families = readMetrics(String(await totals.scrape(FORMATS[0])));
    return [valueIn(families, 'calls_total'), valueIn(families, 'running')];
  };
  const end = totals.add(() => counting(3, 1));
  totals.add(() => counting(4, 2));
  expect(await told()).toEqual([7, 3]);
  end();
  end();
  expect(await told()).toEqual([7, 2]);
});

it('what a part has counted that ends while it is told is told once', async () => {
  const totals = new Totals();
  const many = Array.from({ length: 20_000 }, (_, at): [string[], number[]] => [[`${at}`], [1]]);
  totals.take([{ name: 'many', help: 'C.', type: 'counter', labels: ['of'], series: many }]);
  const end = totals.add(() => counting(3, 1));
  const text = totals.scrape(FORMATS[0]);
  await new Promise((resolve) => setImmediate(resolve));
  end();
  expect(valueIn(readMetrics(String(await text)), 'calls_total')).toBe(3);
});

describe('what is told to another process', () => {
  const seen = (families: readonly Family[]) => families.map(({ name, series }) => [name, ...series.map(String)]);
  const counter = (name: string, ...counts: number[]): Family => ({
    name,
    help: '',
    type: 'counter',
    labels: ['of'],
    series: counts.map((count, at) => [[`${at}`], [count]]),
  });

  it('is by how much each series has grown, and nothing of the others', () => {
    const growth = new Growth();
    let now = [counter('a', 1, 2), counter('b', 0)];
    growth.add(() => now);
    expect(seen(growth.tell())).toEqual([
      ['a', '0,1', '1,2'],
      ['b', '0,0'],
    ]);
    expect(growth.tell()).toEqual([]);
    now = [counter('a', 1, 5, 1), counter('b', 0)];
    expect(seen(growth.tell())).toEqual([['a', '1,3', '2,1']]);
    expect(growth.tell()).toEqual([]);
  });

  it('is of a part that ends what it has counted last, once', () => {
    const growth = new Growth();
    let now = [counter('a', 1)];
    const end = growth.add(() => now);
    growth.add(() => [counter('a', 10)]);
    expect(seen(growth.tell())).toEqual([
      ['a', '0,1'],
      ['a', '0,10'],
    ]);
    now = [counter('a', 3)];
    end();
    end();
    expect(seen(growth.tell())).toEqual([['a', '0,2']]);
    expect(growth.tell()).toEqual([]);
  });

  it('are gauges where they have changed, whole, so that what is gone is gone there, too', () => {
    const growth = new Growth();
    let now = counting(0, 1);
    const end = growth.add(() => now);
    growth.add(() => counting(0, 2));
    expect(seen(growth.tell())).toContainEqual(['running', ',3']);
    expect(growth.tell()).toEqual([]);
    now = counting(0, 5);
    expect(seen(growth.tell())).toEqual([['running', ',7']]);
    end();
    expect(seen(growth.tell())).toEqual([['running', ',2']]);
  });

  it('is what the process takes where that is asked for', () => {
    const growth = new Growth();
    expect(growth.tell()).toEqual([]);
    expect(growth.tell(true).map(({ name }) => name)).toContain('process_cpu_seconds');
    expect(growth.tell(true).map(({ name }) => name)).not.toContain('process_max_fds');
  });

  it('adds up to what was counted, whoever comes and goes', () => {
    const [growth, tally, work] = [new Growth(), new Tally(), new Work(Infinity)];
    const counts: number[][] = [];
    const ends: (() => void)[] = [];
    const hear = (): void => atOnce(tally.add(growth.tell(), work));
    for (let step = 0; step < 200; step += 1) {
      const at = Math.floor(Math.random() * 5) + Math.floor(step / 20);
      while (counts.length <= at) {
        const mine = [0, 0, 0];
        counts.push(mine);
        ends.push(growth.add(() => [counter('a', ...mine)]));
      }
      counts[at]![step % 3]! += step;
      if (step % 20 === 19) ends[Math.floor(step / 20)]!();
      if (step % 7 === 0) hear();
    }
    hear();
    // Of those that have ended, what they counted before.
    const { series } = tally.families[0]!;
    const sums = [0, 1, 2].map((of) => counts.reduce((sum, mine) => sum + mine[of]!, 0));
    expect(series.map(([, [count]]) => count)).toEqual(sums);
  });
});
