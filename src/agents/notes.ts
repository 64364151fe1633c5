/** A list of things to tell, up to so many bytes: of those that come after, it is told how many there are. */
export class Notes {
  readonly #most: number;
  readonly #texts: string[] = [];
  #bytes = 2;
  #more = 0;

  constructor(most: number) {
    this.#most = most - 24;
  }

  get isEmpty(): boolean {
    return this.#texts.length === 0 && this.#more === 0;
  }

  /** The bytes of its JSON. */
  get bytes(): number {
    return Buffer.byteLength(this.json);
  }

  /** All that fitted, as JSON. */
  get json(): string {
    return `[${[...this.#texts, ...(this.#more > 0 ? [`{"more":${this.#more}}`] : [])].join(',')}]`;
  }

  /** Adds one, unless it, or one before it, does not fit. */
  add(note: object): void {
    const text = this.#more > 0 ? '' : JSON.stringify(note);
    this.#bytes += Buffer.byteLength(text) + 1;
    if (this.#more > 0 || this.#bytes > this.#most) this.#more += 1;
    else this.#texts.push(text);
  }
}
