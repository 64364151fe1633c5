import type { Limits } from '../../config/load.ts';
import { BadRequest, FaultList } from '../../json/fault-list.ts';
import type { Source } from '../../sources/open.ts';
import type { Report } from '../template/reference.ts';

/** What planning looks things up in. */
export interface PlanContext {
  readonly sources: ReadonlyMap<string, Source>;
  readonly limits: Limits;
}

/** The planning of one request: what it looks things up in, and what it has found wrong so far. */
export class Planner implements PlanContext {
  readonly sources: ReadonlyMap<string, Source>;
  readonly limits: Limits;
  /** Queries and groups seen so far. */
  queries = 0;
  readonly #faults = new FaultList();

  constructor({ sources, limits }: PlanContext) {
    this.sources = sources;
    this.limits = limits;
  }

  /** Notes a fault; the last that is told ends the planning, wherever it is. */
  readonly report: Report = (path, detail) => {
    this.#faults.add(path, detail);
    if (this.#faults.full) throw this.refusal();
  };

  /** The faults so far, to be thrown. */
  refusal(): BadRequest {
    return new BadRequest(this.#faults.told());
  }

  /** Throws BadRequest if there was any fault. */
  end(): void {
    if (!this.#faults.empty) throw this.refusal();
  }
}
