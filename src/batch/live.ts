import { isOpaque, type Node } from './node.ts';
import type { Reply } from './reply.ts';

/** A group or forEach whose members have started: what a reference can wait for in part. */
export interface Container {
  readonly keyed: boolean;
  readonly lives: readonly Live[];
  /** Of a first-reply without `take`: the n-th member in order of arrival. */
  arrival?(n: number): Promise<Live | undefined>;
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
  /** Resolves as soon as its members exist; undefined if it has none, or failed before. */
  readonly container: Promise<Container | undefined>;
  /** Its reply, once there. */
  settled: Reply | undefined;
  readonly #resolveReply: (reply: Reply) => void;
  readonly #resolveContainer: (container: Container | undefined) => void;

  constructor(node: Node, path: readonly (string | number)[], each = node.forEach !== undefined) {
    this.node = node;
    this.path = path;
    this.each = each;
    this.as = !each && typeof node.as === 'string' ? node.as : undefined;
    const reply = Promise.withResolvers<Reply>();
    const container = Promise.withResolvers<Container | undefined>();
    this.reply = reply.promise;
    this.container = container.promise;
    this.#resolveReply = reply.resolve;
    this.#resolveContainer = container.resolve;
  }

  /** Its value is known only as a whole. */
  get opaque(): boolean {
    return !this.each && isOpaque(this.node);
  }

  /** Its members have started. */
  open(container: Container): void {
    this.#resolveContainer(container);
  }

  /** It has ended; only the first word counts. */
  settle(reply: Reply): void {
    if (this.settled) return;
    this.settled = reply;
    this.#resolveContainer(undefined);
    this.#resolveReply(reply);
  }
}
