import type { CodapError } from '../../errors.ts';
import { Deferred } from '../../patterns/deferred.ts';
import type { Ordered } from '../../patterns/index.ts';
import { type GroupNode, isOpaque, type Node } from '../plan/node.ts';
import type { MemberTrace } from './member-trace.ts';
import { hasFlowed, type Member, type MemberList, type Reply, type Traced } from './reply.ts';

/** A group or forEach whose members have started: what a reference can wait for in part. */
export interface Container {
  /** Of a group; a forEach has none. */
  readonly node?: GroupNode;
  /** An instant: `performance.now()` ms. */
  readonly started: number;
  readonly members: readonly RunningMember[];
  /** Of a first-reply: its members in order of arrival, undefined once no more are waited for. */
  readonly arrivals?: Ordered<RunningMember | undefined> | undefined;
  /** What its members have come to by now. */
  list(): MemberList;
  /** Hears of each member that has closed. */
  closed?(member: RunningMember): void;
}

/**
 * One member while it runs. It has two events. It opens when its reply is there, or the first byte or item of
 * one, or when it has failed. It closes when the answer has read what it opened to the end: of what is
 * gathered, both are one.
 */
export class RunningMember implements Traced {
  readonly node: Node;
  readonly path: readonly (string | number)[];
  /** True for a forEach as a whole, false for each of its items. */
  readonly each: boolean;
  /** Its name in a list; known by the time it has opened. */
  as: string | undefined;
  /** As it opened, once it has. */
  settled: Reply | undefined;
  /** As it closed, once it has. */
  closed: Reply | undefined;
  /** Where the batch is traced. */
  trace: MemberTrace | undefined;
  #container: Container | undefined;
  /** Once the answer has come to it: by when it has to be open, an instant. */
  #openBy: number | undefined;
  /** Those who wait: most answers are read once all of it is there. */
  #opening: Deferred<Reply> | undefined;
  #starting: Deferred<Container | undefined> | undefined;
  #demand: Deferred<boolean> | undefined;

  constructor(node: Node, path: readonly (string | number)[], each = node.forEach !== undefined) {
    this.node = node;
    this.path = path;
    this.each = each;
    this.as = !each && typeof node.as === 'string' ? node.as : undefined;
  }

  /** Resolves when it opens. */
  get reply(): Promise<Reply> {
    if (this.settled) return Promise.resolve(this.settled);
    return (this.#opening ??= new Deferred<Reply>()).promise;
  }

  /** Resolves as soon as its members exist; undefined if it has none, or failed before. */
  get container(): Promise<Container | undefined> {
    if (this.#container || this.settled) return Promise.resolve(this.#container);
    return (this.#starting ??= new Deferred<Container | undefined>()).promise;
  }

  /** Its members by now, where they have started. */
  get parts(): Container | undefined {
    return this.#container;
  }

  /** Resolves when the answer has come to this one: with true where it is told only together with others. */
  get demanded(): Promise<boolean> {
    if (this.isDemanded) return Promise.resolve(this.#isToldWithOthers);
    return (this.#demand ??= new Deferred<boolean>()).promise;
  }

  /** The answer has come to it by now. */
  get isDemanded(): boolean {
    return this.#openBy !== undefined;
  }

  /** By when it has to be open, however late its own time begins: an instant, `performance.now()` ms. */
  get openBy(): number {
    return this.#openBy ?? Infinity;
  }

  get #isToldWithOthers(): boolean {
    return this.openBy < Infinity;
  }

  /** As it closed; until then, as it opened. */
  get latest(): Reply {
    return this.closed ?? (this.settled as Reply);
  }

  /** As it stands in the answer by now. An item of a hidden forEach is not hidden in it. */
  get inAnswer(): Member {
    const { node, path, as, latest } = this;
    const hidden = node.hidden && (this.each || node.forEach === undefined);
    return { node, path, as, hidden, reply: latest, traced: this.trace && this };
  }

  get within(): readonly Member[] {
    const members = this.#container?.members ?? [];
    return members.filter((member) => member.settled).map((member) => member.inAnswer);
  }

  /** Its value is known only as a whole. */
  get isOpaque(): boolean {
    return !this.each && isOpaque(this.node);
  }

  /** Something of it can be told by now: an answer, or the first byte of one. */
  get begun(): boolean {
    if (this.node.hidden) return false;
    if (this.#container && !this.isOpaque) return this.#container.members.some((member) => member.begun);
    return this.settled?.status === 'ok' || this.settled?.status === 'partial';
  }

  /**
   * The answer has come to it, and, where it is told only as a whole or together with others, to all within
   * it. Of these all have to be open by an instant: whoever waits longer holds up the others.
   */
  demand(openBy = Infinity): void {
    this.#openBy ??= openBy;
    this.#demand?.settle({ status: 'fulfilled', value: this.#isToldWithOthers });
    this.#demandMembers();
  }

  #demandMembers(): void {
    if (!this.isDemanded || !(this.#isToldWithOthers || this.isOpaque)) return;
    for (const member of this.#container?.members ?? []) member.demand(this.openBy);
  }

  /** Its members have started. */
  start(container: Container): void {
    this.#container = container;
    this.#demandMembers();
    this.#starting?.settle({ status: 'fulfilled', value: container });
  }

  /** It has opened, or failed to; only the first word counts. */
  open(reply: Reply): void {
    if (this.settled) {
      if (this.settled !== reply) reply.flow?.close();
      return;
    }
    this.settled = reply;
    // What flows has yet to be read.
    if (this.trace && !hasFlowed({ reply })) this.trace.ended = performance.now();
    this.#starting?.settle({ status: 'fulfilled', value: undefined });
    this.#opening?.settle({ status: 'fulfilled', value: reply });
  }

  /** What it has opened, or something within it, breaks. */
  break(reason: CodapError): void {
    for (const member of this.#container?.members ?? []) member.break(reason);
    this.settled?.flow?.break(reason);
  }

  /** Nobody waits for it any more: what it has opened breaks, and what it would come to does not count. */
  giveUp(reason: CodapError): void {
    for (const member of this.#container?.members ?? []) member.giveUp(reason);
    this.settled?.flow?.break(reason);
    this.open({ status: 'error', error: reason, ms: 0 });
    if (this.trace) this.trace.ended ??= performance.now();
  }
}
