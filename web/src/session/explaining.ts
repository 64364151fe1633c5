import type { Problem } from '../answer/node.ts';
import type { PlanNode } from '../waterfall/model.ts';
import type { Plan } from './run.ts';
import type { Service } from './service.ts';

/** How often a service that was gone is asked whether it is back, in milliseconds. */
const AGAIN_MS = 1500;

/** What is asked about: what a plan of it is known by, its path, and what is sent. */
interface Question {
  readonly asked: string;
  readonly path: string;
  readonly body: string;
}

/** Who asks, and what is to be done when the service has said something, or may be back. */
interface Asker {
  question(): Question;
  told(): void;
  open(): Promise<void>;
}

/** What the service says of the batch that stands there: what it would do, or what is wrong with it. */
export class Explaining {
  plan: Plan | undefined;
  faults: NonNullable<Problem['errors']> = [];
  /** Why there is no plan, if that is not the batch's own fault. */
  trouble: Problem | undefined;
  isReachable = true;

  readonly #service: Service;
  readonly #asker: Asker;
  #asking = new AbortController();
  #pause: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(service: Service, asker: Asker) {
    this.#service = service;
    this.#asker = asker;
  }

  /** Asks in so many milliseconds, unless it is told to once more before. */
  askIn(ms: number): void {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.ask(), ms);
  }

  /** Asks now; what was asked before is not waited for any more. */
  async ask(): Promise<void> {
    clearTimeout(this.#pause);
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    const { asked, path, body } = this.#asker.question();
    const reply = await this.#service.post<PlanNode>(`${path}?explain`, body, signal).catch(() => undefined);
    if (!reply || signal.aborted) return;
    if ('unreachable' in reply) return this.lost();
    this.isReachable = true;
    const problem = 'problem' in reply ? reply.problem : undefined;
    // A saved batch has no plan for whom it is not explained to.
    this.faults = problem?.errors?.filter(({ parameter }) => parameter !== 'explain') ?? [];
    this.trouble = problem && !problem.errors ? problem : undefined;
    this.plan = 'value' in reply ? { asked, root: reply.value, text: reply.text } : undefined;
    // It is busy: then it is asked once more.
    if (problem?.status === 503) this.askIn(AGAIN_MS);
    this.#asker.told();
  }

  /** The service is gone: it is asked again and again until it is back. */
  lost(): void {
    clearTimeout(this.#again);
    this.isReachable = false;
    this.#again = setTimeout(() => void this.#asker.open(), AGAIN_MS);
    this.#asker.told();
  }
}
