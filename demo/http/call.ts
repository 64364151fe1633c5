import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** A request as an embedded HTTP store sees it: nothing in its path is decoded or resolved. */
export class Call {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  /** Aborts when the client leaves, or the store is taken down, before the answer is out. */
  readonly signal: AbortSignal;
  readonly #request: IncomingMessage;
  #query?: URLSearchParams;

  constructor(request: IncomingMessage, signal: AbortSignal) {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    this.method = request.method ?? 'GET';
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.search = mark < 0 ? '' : url.slice(mark + 1);
    this.headers = request.headers;
    this.signal = signal;
    this.#request = request;
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.search));
  }

  /** A header's one value. */
  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** A whole number of the query, or what stands in for it. */
  number(name: string, otherwise: number): number {
    const value = this.query.get(name);
    return value === null || !/^\d+$/.test(value) ? otherwise : Number(value);
  }

  /** The whole body. */
  async body(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.#request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
}
