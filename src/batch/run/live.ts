import type { CodapError } from '../../errors.ts';
import type { Ordered } from '../../patterns/index.ts';
import { isOpaque, type Node, type Pattern } from '../plan/node.ts';
import type { Reply } from './reply.ts';

/** A group or forEach whose members have started: what a reference can wait for in part. */
export interface Container {
  readonly keyed: boolean;
  readonly lives: readonly Live[];
  /** Of a group; a forEach has none. */
  readonly pattern?: Pattern;
  /** Of a first-reply: its members in order of arrival, undefined once no more are waited for. */
  readonly arrivals?: Ordered<Live | undefined>;
  /** A first-reply with `take`: which members count is known only once it has settled. */
  readonly taking?: boolean;
  /** Of a group: ends the members that still run. */
  readonly cancel?: () => void;
}

/** One member while it runs. Both promises always resolve. */
export class Live {
  readonly node: Node;
  readonly path: readonly (string | number)[];
  /** True for a forEach as a whole, false for each of its items. */
  readonly each: boolean;
  /** Its name in a list; known by the time it has settled. */
  as: string | undefined;
  readonly reply: Promise<Reply>;
  /** Resolves when the answer has come to this one: with true where it is told only together with others. */
  readonly demanded: Promise<boolean>;
  /** Resolves as soon as its members exist; undefined if it has none, or failed before. */
  readonly container: Promise<Container | undefined>;
  /** Its reply, once there. */
  settled: Reply | undefined;
  readonly #resolveDemanded: (wholly: boolean) => void;
  readonly #resolveReply: (reply: Reply) => void;
  #opened: Container | undefined;
  #isDemanded = false;
  #isDemandedWholly = false;
  readonly #resolveContainer: (container: Container | undefined) => void;

  constructor(node: Node, path: readonly (string | number)[], each = node.forEach !== undefined) {
    this.node = node;
    this.path = path;
    this.each = each;
    this.as = !each && typeof node.as === 'string' ? node.as : undefined;
    const reply = Promise.withResolvers<Reply>();
    const container = Promise.withResolvers<Container | undefined>();
    const demand = Promise.withResolvers<boolean>();
    this.demanded = demand.promise;
    this.#resolveDemanded = demand.resolve;
    this.reply = reply.promise;
    this.container = container.promise;
    this.#resolveReply = reply.resolve;
    this.#resolveContainer = container.resolve;
  }

  /** Its value is known only as a whole. */
  get opaque(): boolean {
    return !this.each && isOpaque(this.node);
  }

  /** Something of it can be told by now: an answer, or the first byte of one. */
  get begun(): boolean {
    if (this.node.hidden) return false;
    if (this.#opened && !this.opaque) return this.#opened.lives.some((live) => live.begun);
    return this.settled?.status === 'ok' || this.settled?.status === 'partial';
  }

  /** The answer has come to it, and where it is known only as a whole, to all within it. `wholly`: it is told only together with others. */
  demand(wholly = false): void {
    this.#isDemanded = true;
    this.#isDemandedWholly ||= wholly;
    this.#resolveDemanded(wholly);
    this.#demandMembers();
  }

  #demandMembers(): void {
    if (!this.#isDemandedWholly && !(this.#isDemanded && this.opaque)) return;
    for (const live of this.#opened?.lives ?? []) live.demand(this.#isDemandedWholly);
  }

  /** Its members have started. */
  open(container: Container): void {
    this.#opened = container;
    this.#demandMembers();
    this.#resolveContainer(container);
  }

  /** It has ended; only the first word counts. */
  settle(reply: Reply): void {
    if (this.settled) {
      if (this.settled !== reply) reply.opened?.close();
      return;
    }
    this.settled = reply;
    this.#resolveContainer(undefined);
    this.#resolveReply(reply);
  }

  /** It is not needed any more: whatever it has opened breaks, and if it still runs, what it comes to later does not count. */
  giveUp(reason: CodapError): void {
    for (const member of this.#opened?.lives ?? []) member.giveUp(reason);
    this.settled?.opened?.break(reason);
    this.settle({ status: 'error', error: reason, ms: 0 });
  }
}
