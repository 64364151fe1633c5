import type { Memory } from '../../budget/memory.ts';
import { CodapError, toCodapError } from '../../errors.ts';
import type { Payload } from '../../store/payload.ts';
import { type Node, type QueryNode, refersToNothing } from '../plan/node.ts';
import { taken } from './finish.ts';
import type { Reply } from './reply.ts';
import type { RunningMember } from './running-member.ts';
import type { Scope } from './scope.ts';
import { failure, opened, withDefault } from './settle.ts';

/** Whether a query says all by itself, as most do: it waits for nothing, nothing is made of its value. */
export function isPlain(node: Node): node is QueryNode {
  if (node.kind === 'group' || !node.literal || node.isConditional || node.isReshaped) return false;
  return refersToNothing(node) && typeof node.as !== 'object';
}

/**
 * A plain query whose value is gathered, while it runs: of what others need besides, it goes without one
 * promise and most of the memory.
 */
export class PlainQuery {
  readonly #node: QueryNode;
  readonly #member: RunningMember;
  readonly #scope: Scope;
  readonly #held: Memory;
  readonly #started = performance.now();

  constructor(node: QueryNode, member: RunningMember, scope: Scope) {
    this.#node = node;
    this.#member = member;
    this.#scope = scope;
    this.#held = scope.batch.memory.part();
  }

  /** Asks its source; resolves once it has opened or failed. */
  run(): Promise<RunningMember> {
    const { op, params, source, timeoutMs, maxAgeMs } = this.#node;
    const { signal, deadline, batch } = this.#scope;
    if (signal.aborted) return Promise.resolve(this.#open(this.#failed(signal.reason)));
    const { trace } = this.#member;
    const { who, work } = batch;
    const bounds = { signal, started: this.#started, timeoutMs, deadline, memory: this.#held, work, trace, maxAgeMs };
    return source.call({ op, params, want: 'value' }, who, bounds).then(
      (payload) => this.#open(this.#answered(payload, this.#timed())),
      (error: unknown) => {
        this.#timed();
        return this.#open(this.#failed(error));
      },
    );
  }

  #answered(payload: Payload, ms: number): Reply {
    try {
      if (payload.kind !== 'value') throw new CodapError('INTERNAL', 'codap failed to gather this answer');
      return { status: 'ok', value: taken(payload, this.#scope.batch, this.#held), ms };
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Reply {
    const known = toCodapError(error).from(this.#node.source.name);
    return withDefault(this.#node, failure(known, this.#started), this.#scope);
  }

  #timed(): number {
    const ms = performance.now() - this.#started;
    this.#scope.batch.timed(this.#node.source.name, ms);
    return ms;
  }

  #open(reply: Reply): RunningMember {
    this.#held.close();
    return opened(this.#member, reply, this.#scope);
  }
}
