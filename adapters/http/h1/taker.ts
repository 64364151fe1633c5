import type { Head } from './head.ts';

/** What carries a request. */
export interface Carrier {
  /** Nobody waits for its answer: that and what is behind it are not read. */
  cut(): void;
  /** Reads no more until `resume`. */
  pause(): void;
  resume(): void;
}

/** What connections `C` tell whoever keeps them. */
export interface Keeper<C> {
  /** It carries one request less: if it is open, it can carry another. */
  onFree(connection: C): void;
  /** It is no more; these requests were not answered, and can be sent by another, the first by a new one. */
  onClosed(connection: C, left: Taker[]): void;
}

/** A request, and who takes its answer. None of these may throw. */
export interface Taker {
  /** Its head, in Latin-1, and its body. */
  readonly head: string;
  readonly body: Buffer | undefined;
  readonly isHead: boolean;
  /** Nobody waits for the answer any more: if it has not been sent, it is not sent. */
  readonly isOver: boolean;
  /** Since when what is left of its answer comes for nobody, an instant. */
  readonly droppedAt: number | undefined;
  /** It is about to be sent; once more, where its connection was lost before anything of its answer came. */
  onSend(carrier: Carrier): void;
  /** The head, and the memory of the body, are valid during these calls alone. */
  onHead(head: Head): void;
  onBody(memory: Buffer, from: number, to: number): void;
  onEnd(): void;
  /** There is no answer, or no end of it. */
  onFailure(error: Error): void;
}
