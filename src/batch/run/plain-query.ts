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
  /** Once all that it refers to is there. */
  #started: number | undefined;

  constructor(node: QueryNode, member: RunningMember, scope: Scope) {
    this.#node = node;
    this.#member = member;
    this.#scope = scope;
    this.#held = scope.batch.memory.part();
  }

  /** Asks its source, once all that it refers to is there; resolves once it has opened or failed. */
  run(): Promise<RunningMember> {
    const query = this.#node.literal ?? this.#query();
    return query instanceof Promise ? this.#askOnceThere(query) : this.#ask(query);
  }

  /** What is asked, or how it ends before that. */
  #query(): ValueQuery | Reply | Promise<ValueQuery | Reply> {
    try {
      const preparing = prepare(this.#member, this.#scope, this.#scope);
      return preparing instanceof Promise ? this.#fillOnceThere(preparing) : this.#fill(preparing);
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #fillOnceThere(preparing: Promise<Values | Reply>): Promise<ValueQuery | Reply> {
    return this.#fill(await preparing);
  }

  #fill(values: Values | Reply): ValueQuery | Reply | Promise<ValueQuery | Reply> {
    if ('status' in values) return withDefault(this.#node, values, this.#scope);
    this.#started = performance.now();
    const params = paramsOf(this.#node, values, this.#scope, this.#scope, this.#held);
    return params instanceof Promise ? this.#queryOf(params) : new ValueQuery(this.#node.op, params);
  }

  async #queryOf(params: Promise<unknown>): Promise<ValueQuery> {
    return new ValueQuery(this.#node.op, await params);
  }

  async #askOnceThere(coming: Promise<ValueQuery | Reply>): Promise<RunningMember> {
    const query = await coming.catch((error: unknown) => this.#failed(error));
    return this.#ask(query);
  }

  #ask(query: ValueQuery | Reply): Promise<RunningMember> {
    if (!(query instanceof ValueQuery)) return Promise.resolve(this.#open(query));
    const { signal, batch } = this.#scope;
    const started = (this.#started ??= performance.now());
    if (signal.aborted) return Promise.resolve(this.#open(this.#failed(signal.reason)));
    return gather(this.#node, query, this.#member, this.#scope, this.#held, started).then(
      (payload) => this.#open(this.#answered(payload, noteDuration(this.#node, started, batch))),
      (error: unknown) => {
        noteDuration(this.#node, started, batch);
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
    return failedBy(error, this.#node, this.#started ?? performance.now(), this.#scope);
  }

  #open(reply: Reply): RunningMember {
    this.#held.close();
    return opened(this.#member, reply, this.#scope);
  }
}
