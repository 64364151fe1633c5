import type { Memory } from '../../budget/memory.ts';
import type { Payload } from '../../store/payload.ts';
import type { ValueQuery } from '../../store/value-query.ts';
import type { Node, QueryNode } from '../plan/node.ts';
import { taken } from './finish.ts';
import { asValue, gather, noteDuration } from './gather.ts';
import type { Reply } from './reply.ts';
import type { RunningMember } from './running-member.ts';
import type { Scope } from './scope.ts';
import { failedBy, opened } from './settle.ts';

/** A query that waits for nothing, and of whose value nothing is made. */
type PlainNode = QueryNode & { readonly literal: ValueQuery };

/** Whether a query says all by itself, as most do: it waits for nothing, nothing is made of its value. */
export function isPlain(node: Node): node is PlainNode {
  if (node.kind === 'group' || !node.literal || node.isConditional || node.isReshaped) return false;
  return typeof node.as !== 'object';
}

/**
 * A plain query whose value is gathered, while it runs: of what others need besides, it goes without one
 * promise and most of the memory.
 */
export class PlainQuery {
  readonly #node: PlainNode;
  readonly #member: RunningMember;
  readonly #scope: Scope;
  readonly #held: Memory;
  readonly #started = performance.now();

  constructor(node: PlainNode, member: RunningMember, scope: Scope) {
    this.#node = node;
    this.#member = member;
    this.#scope = scope;
    this.#held = scope.batch.memory.part();
  }

  /** Asks its source; resolves once it has opened or failed. */
  run(): Promise<RunningMember> {
    const { signal, batch } = this.#scope;
    if (signal.aborted) return Promise.resolve(this.#open(this.#failed(signal.reason)));
    return gather(this.#node, this.#node.literal, this.#member, this.#scope, this.#held, this.#started).then(
      (payload) => this.#open(this.#answered(payload, noteDuration(this.#node, this.#started, batch))),
      (error: unknown) => {
        noteDuration(this.#node, this.#started, batch);
        return this.#open(this.#failed(error));
      },
    );
  }

  #answered(payload: Payload, ms: number): Reply {
    try {
      return { status: 'ok', value: taken(asValue(payload), this.#scope.batch, this.#held), ms };
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Reply {
    return failedBy(error, this.#node, this.#started, this.#scope);
  }

  #open(reply: Reply): RunningMember {
    this.#held.close();
    return opened(this.#member, reply, this.#scope);
  }
}
