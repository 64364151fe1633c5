import { Work } from '../../budget/work.ts';
import type { Limits } from '../../config/load.ts';
import { BadRequest, FaultList } from '../../json/fault-list.ts';
import type { Source } from '../../sources/open.ts';
import type { CompiledOfLate } from '../template/compiled-of-late.ts';
import type { Report } from '../template/reference.ts';
import type { Fields } from './check-fields.ts';
import type { Node } from './node.ts';

/** What a plan is made of and does without: kept where somebody is to be told of the plan. */
export interface Origin {
  /** What is written in the request. */
  readonly fields: Fields;
  /** Of a query: its params as the adapter has compiled them, a Placeholder wherever a reference stands. */
  readonly compiled?: unknown;
}

/** What planning looks things up in. */
export interface PlanContext {
  /** By their names; of one that could not be opened nothing but that. */
  readonly sources: ReadonlyMap<string, Source | undefined>;
  readonly limits: Limits;
  /** The parameters of a saved batch; without it, none exist. */
  readonly params?: { has(name: string): boolean; keys(): Iterable<string> } | undefined;
  /** Takes the origin of each query and group; without it, none is kept. */
  readonly origins?: Map<Node, Origin> | undefined;
  /** Where the plan is run again and again: keeps what its queries are compiled to. */
  readonly ofLate?: CompiledOfLate | undefined;
  /** What planning counts in, and has the turns of; without it, it is not bounded. */
  readonly work?: Work | undefined;
}

/** The planning of one request: what it looks things up in, and what it has found wrong so far. */
export class Planner implements PlanContext {
  readonly sources: PlanContext['sources'];
  readonly limits: Limits;
  readonly params: PlanContext['params'];
  readonly origins: Map<Node, Origin> | undefined;
  readonly ofLate: CompiledOfLate | undefined;
  readonly work: Work;
  /** Queries and groups seen so far. */
  queries = 0;
  /** A `$caller` stands in it. */
  namesCaller = false;
  readonly #faults = new FaultList();

  constructor({ sources, limits, params, origins, ofLate, work = new Work(Infinity) }: PlanContext) {
    this.sources = sources;
    this.limits = limits;
    this.params = params;
    this.origins = origins;
    this.ofLate = ofLate;
    this.work = work;
  }

  /** Notes a fault; the last that is told ends the planning, wherever it is. */
  readonly report: Report = (at, detail) => {
    this.#faults.add(at.path, detail);
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
