import type { Memory } from '../../budget/memory.ts';
import type { Payload } from '../../store/payload.ts';
import { ValueQuery } from '../../store/value-query.ts';
import type { Node, QueryNode } from '../plan/node.ts';
import type { Values } from '../template/fill-template.ts';
import { paramsOf } from './compile-params.ts';
import { taken } from './finish.ts';
import { asValue, gather, noteDuration } from './gather.ts';
import { prepare } from './prepare.ts';
import type { Reply } from './reply.ts';
import type { RunningMember } from './running-member.ts';
import type { Scope } from './scope.ts';
import { failedBy, opened, withDefault } from './settle.ts';

/** Whether a query is run on no condition, and what comes of it is its source's value: so are most. */
export function isPlain(node: Node): node is QueryNode {
  return node.kind === 'query' && !node.isConditional && !node.isReshaped && typeof node.as !== 'object';
}

/**
 * A plain query whose value is gathered, while it runs: of what others need besides, it goes without most
 * promises and most of the memory.
 */
export class PlainQuery {
  readonly #node: QueryNode;
  readonly #member: RunningMember;
  readonly #scope: Scope;
  readonly #held: Memory;
  #started = performance.now();

  constructor(node: QueryNode, member: RunningMember, scope: Scope) {
    this.#node = node;
    this.#member = member;
    this.#scope = scope;
    this.#held = scope.batch.memory.part();
  }

  /** Asks its source, once all that it refers to is there; resolves once it has opened or failed. */
  run(): Promise<RunningMember> {
    try {
      if (this.#node.literal) return this.#ask(this.#node.literal);
      const preparing = prepare(this.#member, this.#scope, this.#scope);
      return preparing instanceof Promise ? this.#prepared(preparing) : this.#fill(preparing);
    } catch (error) {
      return Promise.resolve(this.#open(this.#failed(error)));
    }
  }

  async #prepared(preparing: Promise<Values | Reply>): Promise<RunningMember> {
    try {
      return await this.#fill(await preparing);
    } catch (error) {
      return this.#open(this.#failed(error));
    }
  }

  #fill(values: Values | Reply): Promise<RunningMember> {
    if ('status' in values) return Promise.resolve(this.#open(withDefault(this.#node, values, this.#scope)));
    this.#started = performance.now();
    const params = paramsOf(this.#node, values, this.#scope, this.#scope, this.#held);
    return params instanceof Promise ? this.#filled(params) : this.#ask(new ValueQuery(this.#node.op, params));
  }

  async #filled(params: Promise<unknown>): Promise<RunningMember> {
    try {
      return await this.#ask(new ValueQuery(this.#node.op, await params));
    } catch (error) {
      return this.#open(this.#failed(error));
    }
  }

  #ask(query: ValueQuery): Promise<RunningMember> {
    const { signal, batch } = this.#scope;
    if (signal.aborted) throw signal.reason;
    return gather(this.#node, query, this.#member, this.#scope, this.#held, this.#started).then(
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
