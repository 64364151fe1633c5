/** What another process is asked, by numbers, and waited for. */
export class Questions<Answer> {
  readonly #patienceMs: number;
  readonly #open = new Map<number, (answer?: Answer) => void>();
  #asked = 0;

  /** An answer may take so many milliseconds. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Resolves to the answer, or to undefined where none comes. */
  ask(send: (question: number) => void): Promise<Answer | undefined> {
    const question = (this.#asked += 1);
    return new Promise((resolve) => {
      const end = (answer?: Answer): void => {
        clearTimeout(timer);
        this.#open.delete(question);
        resolve(answer);
      };
      const timer = setTimeout(end, this.#patienceMs);
      this.#open.set(question, end);
      send(question);
    });
  }

  answer(question: number, answer: Answer): void {
    this.#open.get(question)?.(answer);
  }

  /** No more answers will come. */
  close(): void {
    for (const end of this.#open.values()) end();
  }
}
