import { atOnce, Work } from '../budget/work.ts';
import { type Family, isGauge, seriesKey, type Series } from './family.ts';
import { processFamilies } from './process-families.ts';
import { Tally } from './tally.ts';
import type { Parts } from './totals.ts';

/** The series of a family as they were told last, and their numbers, by labels. */
interface ToldFamily {
  last: readonly Series[];
  readonly numbers: Map<string, Series[1]>;
}

/** Such families, by name. */
type Told = Map<string, ToldFamily>;

/**
 * What the parts of a process have counted since that was told last, for another process that adds it up: so
 * what is sent there is as much as has changed.
 */
export class Growth implements Parts {
  readonly #parts = new Map<() => readonly Family[], Told>([[processFamilies, new Map()]]);
  /** Of parts that have ended. */
  #left: Family[] = [];
  /** The gauges as they were told last, by name. */
  readonly #gauges = new Map<string, string>();

  add(part: () => readonly Family[]): () => void {
    const told: Told = new Map();
    this.#parts.set(part, told);
    return () => {
      if (this.#parts.delete(part)) this.#left.push(...grown(part(), told));
    };
  }

  /**
   * By how much each series has grown, and the gauges that have changed, whole; of what the process takes if
   * that is asked for alone.
   */
  tell(withProcess = false): readonly Family[] {
    const all = this.#left;
    this.#left = [];
    const gauges = new Tally();
    for (const [part, told] of this.#parts) {
      if (part === processFamilies && !withProcess) continue;
      const families = part();
      all.push(...grown(families, told));
      atOnce(gauges.add(families.filter(isGauge), new Work(Infinity)));
    }
    all.push(...gauges.families.filter((gauge) => this.#hasChanged(gauge)));
    return all;
  }

  #hasChanged({ name, series }: Family): boolean {
    const text = JSON.stringify(series);
    if (this.#gauges.get(name) === text) return false;
    this.#gauges.set(name, text);
    return true;
  }
}

function grown(families: readonly Family[], told: Told): Family[] {
  const all: Family[] = [];
  for (const family of families) {
    if (isGauge(family)) continue;
    let before = told.get(family.name);
    if (!before) told.set(family.name, (before = { last: [], numbers: new Map() }));
    if (before.last === family.series) continue;
    before.last = family.series;
    const series = grownSeries(family.series, before.numbers);
    if (series.length > 0) all.push({ ...family, series });
  }
  return all;
}

/** One that is new is told, though it has counted nothing. */
function grownSeries(all: readonly Series[], told: Map<string, Series[1]>): Series[] {
  const series: Series[] = [];
  for (const [labels, numbers] of all) {
    const key = seriesKey(labels);
    const before = told.get(key);
    if (before === numbers || before?.every((number, at) => number === numbers[at])) continue;
    told.set(key, numbers);
    series.push([labels, before ? numbers.map((number, at) => number - before[at]!) : numbers]);
  }
  return series;
}
