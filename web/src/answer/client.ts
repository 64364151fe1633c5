import type { Answer, Ask, MemberNode, RunEvent, Sending, ValueNode } from './node.ts';

/** The worker that asks the service and keeps its answer, so that a large one never stops the page. */
export class AnswerClient {
  readonly #worker = new Worker(new URL('worker.ts', import.meta.url), { type: 'module' });
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #listen: ((said: RunEvent) => void) | undefined;
  #run = 0;
  #id = 0;

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      if ('run' in data) {
        if (data.run === this.#run) this.#listen?.(data.said);
        return;
      }
      this.#waiting.get(data.id)?.(data);
      this.#waiting.delete(data.id);
    });
  }

  /** Sends a batch, and tells of its answer as it comes. What was under way is stopped. */
  run(sending: Sending, listen: (said: RunEvent) => void): void {
    this.#begin('run', sending, listen);
  }

  /** Asks for a file. What was shown before stays. */
  download(sending: Sending, listen: (said: RunEvent) => void): void {
    this.#begin('download', sending, listen);
  }

  stop(): void {
    this.#post({ ask: 'stop', run: this.#run });
  }

  /** Some members of an object or list. */
  async members(
    { line, from }: Pick<ValueNode, 'line' | 'from'>,
    skip: number,
    take: number,
  ): Promise<readonly MemberNode[]> {
    return this.#members((id) => ({ ask: 'members', id, line, from, skip, take }));
  }

  /** Some items of a list that came item by item. */
  async items(path: string, skip: number, take: number): Promise<readonly MemberNode[]> {
    return this.#members((id) => ({ ask: 'items', id, path, skip, take }));
  }

  /** A value as text, with line breaks, of at most so many characters. */
  async text(
    { line, from }: Pick<ValueNode, 'line' | 'from'>,
    most: number,
  ): Promise<{ text: string; isCut: boolean }> {
    const answer = await this.#ask((id) => ({ ask: 'text', id, line, from, most }));
    return 'text' in answer ? answer : { text: '', isCut: false };
  }

  /** The whole answer as text, likewise; see `wholeText`. */
  async whole(plan: string, most: number): Promise<{ text: string; isCut: boolean }> {
    const answer = await this.#ask((id) => ({ ask: 'whole', id, plan, most }));
    return 'text' in answer ? answer : { text: '', isCut: false };
  }

  async #members(asking: (id: number) => Ask): Promise<readonly MemberNode[]> {
    const answer = await this.#ask(asking);
    return 'members' in answer ? answer.members : [];
  }

  #ask(asking: (id: number) => Ask): Promise<Answer> {
    const id = ++this.#id;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#post(asking(id));
    });
  }

  #begin(ask: 'run' | 'download', sending: Sending, listen: (said: RunEvent) => void): void {
    this.#run += 1;
    this.#listen = listen;
    this.#post({ ask, run: this.#run, sending });
  }

  #post(ask: Ask): void {
    this.#worker.postMessage(ask);
  }
}
