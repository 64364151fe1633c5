import type { Frame, Problem, RunEvent, Trace } from '../answer/node.ts';
import type { PlanNode, Told } from '../waterfall/model.ts';

/** What a batch would do, as `?explain` tells it: read, and as it was written, with each key in its place. */
export interface Plan {
  /** What the plan is of. */
  readonly asked: string;
  readonly root: PlanNode;
  readonly text: string;
}

/** What has become of a batch that was sent. */
export class Run {
  /** What was asked. */
  readonly asked: string;
  readonly pattern: string;
  readonly began = performance.now();
  readonly replies: Frame[] = [];
  readonly told = new Map<string, Told>();
  items: ReadonlyMap<string, number> = new Map();
  end: Frame | undefined;
  problem: Problem | undefined;
  /** Why it is over; nothing while it is not. */
  over: 'end' | 'stopped' | 'cut' | 'unreachable' | 'full' | 'refused' | undefined;
  /** The plan that it runs by, as soon as that is known. */
  plan: Plan | undefined;

  constructor(asked: string, pattern: string) {
    this.asked = asked;
    this.pattern = pattern;
  }

  /** Goes by this plan from now on, if it is its own. */
  follow(plan: Plan | undefined): void {
    if (plan?.asked === this.asked) this.plan ??= plan;
  }

  /** Takes in what came. */
  hear(said: RunEvent): void {
    if (said.event === 'frames') {
      for (const frame of said.frames) this.#add(frame);
      this.items = said.items;
    } else if (said.event === 'problem') {
      this.problem = said.problem;
      this.over = 'refused';
    } else if (said.event === 'over') this.over = said.why;
  }

  /** How far it is, in milliseconds: by the clock while it runs, then the last that was told. */
  elapsed(): number {
    const { trace } = this.end ?? {};
    if (trace?.ms !== undefined) return trace.ms;
    if (this.over === undefined) return performance.now() - this.began;
    return Math.max(0, ...Array.from(this.told.values(), ({ ended = 0 }) => ended));
  }

  #add(frame: Frame): void {
    if (frame.event === 'end') {
      this.end = frame;
      this.#addMembers(frame.trace);
      return;
    }
    this.replies.push(frame);
    const { path, status, error, winner, defaulted, trace, ms } = frame;
    this.told.set(path, {
      ...(trace as Partial<Told>),
      path,
      status,
      code: error?.code,
      winner,
      defaulted,
      ...(ms !== undefined && { ms }),
    });
    this.#addMembers(trace);
  }

  #addMembers(trace: Trace | undefined): void {
    for (const member of (trace?.members ?? []) as Told[]) this.told.set(member.path, member);
  }
}
