import type { Service } from '../session/service.ts';
import type { Schema } from './schema.ts';

/** What the service tells of a source. */
interface Source {
  readonly ops: Readonly<Record<string, { readonly params: Schema }>>;
  readonly contents?: {
    readonly collections?: Readonly<Record<string, { readonly fields?: Readonly<Record<string, { types: object }>> }>>;
    readonly prefixes?: Readonly<Record<string, unknown>>;
    readonly paths?: Readonly<Record<string, unknown>>;
  };
}

/** What completion knows of the service, asked for when it is first needed. */
export class Knowledge {
  readonly #service: Service;
  readonly #sources = new Map<string, Promise<Source | undefined>>();
  #document: Promise<Schema | undefined> | undefined;
  #key = '';

  constructor(service: Service) {
    this.#service = service;
  }

  /** `/openapi.json`. */
  async document(): Promise<Schema | undefined> {
    this.#forget();
    this.#document ??= this.#get<Schema>('openapi.json');
    const document = await this.#document;
    if (!document) this.#document = undefined;
    return document;
  }

  /** `/sources/{name}`. */
  async source(name: string): Promise<Source | undefined> {
    this.#forget();
    const known = this.#sources.get(name) ?? this.#get<Source>(`sources/${encodeURIComponent(name)}`);
    this.#sources.set(name, known);
    const source = await known;
    if (!source) this.#sources.delete(name);
    return source;
  }

  /** Another caller may see other things. */
  #forget(): void {
    if (this.#key === this.#service.key) return;
    this.#key = this.#service.key;
    this.#document = undefined;
    this.#sources.clear();
  }

  async #get<T>(path: string): Promise<T | undefined> {
    const reply = await this.#service.get<T>(path);
    return 'value' in reply ? reply.value : undefined;
  }
}
