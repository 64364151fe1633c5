import type { Problem } from '../answer/node.ts';

/** A saved batch as `/batches` tells of it. */
export interface SavedBatch {
  readonly name: string;
  readonly description?: string;
  readonly pattern: string;
  readonly params: {
    readonly properties: Readonly<Record<string, ParamSchema>>;
    readonly required?: readonly string[];
  };
  readonly mediaTypes: readonly string[];
}

/** The JSON Schema of a parameter. */
export interface ParamSchema {
  readonly type: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: ParamSchema;
}

/** What a question to the service came to. */
export type Reply<T> =
  | { readonly value: T; readonly text: string }
  | { readonly problem: Problem }
  | { readonly unreachable: true };

/** The service that the page came from. Addresses are those of the page, whatever path it lies below. */
export class Service {
  /** Kept in memory alone. */
  key = '';

  /** The whole address of a path of the service. */
  url(path: string): string {
    return new URL(path, document.baseURI.replace(/[?#].*$/s, '')).href;
  }

  /** The headers of a question. */
  headers(accept = 'application/json'): Record<string, string> {
    return { accept, ...(this.key !== '' && { authorization: `Bearer ${this.key}` }) };
  }

  get<T>(path: string): Promise<Reply<T>> {
    return this.#ask<T>(path, { headers: this.headers() });
  }

  post<T>(path: string, body: string, signal: AbortSignal): Promise<Reply<T>> {
    const headers = { ...this.headers(), 'content-type': 'application/json' };
    return this.#ask<T>(path, { method: 'POST', headers, body, signal });
  }

  async #ask<T>(path: string, init: RequestInit): Promise<Reply<T>> {
    try {
      const response = await fetch(this.url(path), init);
      const text = await response.text();
      const said = await Promise.try(() => JSON.parse(text) as unknown).catch(() => undefined);
      if (response.ok && said !== undefined) return { value: said as T, text };
      return { problem: { title: response.statusText, ...(said as object), status: response.status } };
    } catch (error) {
      if (init.signal?.aborted) throw error;
      return { unreachable: true };
    }
  }
}
