import type { Frame, Problem, RunEvent, Trace } from '../answer/node.ts';
import type { PlanNode, Told } from '../waterfall/model.ts';

/** What has become of a batch that was sent. */
export class Run {
  readonly began = performance.now();
  readonly replies: Frame[] = [];
  readonly told = new Map<string, Told>();
  items: ReadonlyMap<string, number> = new Map();
  end: Frame | undefined;
  problem: Problem | undefined;
  /** Why it is over; nothing while it is not. */
  over: 'end' | 'stopped' | 'cut' | 'unreachable' | 'full' | 'refused' | undefined;
  /** The plan that it runs by, as soon as that is known. */
  plan: PlanNode | undefined;

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
    const { path, status, error, winner, defaulted, trace } = frame;
    this.told.set(path, { ...(trace as Partial<Told>), path, status, code: error?.code, winner, defaulted });
    this.#addMembers(trace);
  }

  #addMembers(trace: Trace | undefined): void {
    for (const member of (trace?.members ?? []) as Told[]) this.told.set(member.path, member);
  }
}
