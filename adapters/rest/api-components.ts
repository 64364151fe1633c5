import { followPath, isObject } from '../../src/json/members.ts';
import { parsePointer } from '../../src/json/pointer.ts';
import type { OpenApi } from './openapi.ts';

/** An object of an OpenAPI file. */
export type Json = Readonly<Record<string, unknown>>;

/** What a `$ref` may lead to, as `components` has it (OpenAPI 3.2, Components Object). */
type Kind = 'schemas' | 'responses' | 'parameters' | 'requestBodies' | 'mediaTypes' | 'pathItems';

/** The parts of one kind that are told. */
interface Told {
  /** As they are shown, by name. */
  readonly shown: Map<string, unknown>;
  /** Their names, by what stands in the file. */
  readonly names: Map<unknown, string>;
}

/** `$ref`s that are followed one after the other. */
const MOST_HOPS = 10;

/** The parts of an OpenAPI file to which others refer: each is told once, however many do. */
export class ApiComponents {
  readonly #document: OpenApi;
  readonly #told = new Map<Kind, Told>();

  constructor(document: OpenApi) {
    this.#document = document;
  }

  /** Those that were referred to among what was shown, by kind and name. */
  get told(): object {
    const kinds = Array.from(this.#told, ([kind, { shown }]) => [kind, Object.fromEntries(shown) as object] as const);
    return Object.fromEntries(kinds);
  }

  /** What stands in a place, or where the `$ref` in it leads to; an empty object where that is nowhere. */
  resolved(given: unknown): Json {
    return this.#follow(given).value;
  }

  /** What stands in a place as it is shown; where that is a `$ref`, one to where it is shown. */
  part(kind: Kind, given: unknown, show: (value: Json) => object): object {
    const { ref, value } = this.#follow(given);
    return ref === undefined ? show(value) : { $ref: this.#named(kind, ref, value, () => show(value)) };
  }

  /** Where the schema is shown to which a `$ref` leads; undefined for one that leads nowhere. */
  schema(ref: string, show: (value: unknown) => unknown): string | undefined {
    const value = this.#at(ref);
    return value === undefined ? undefined : this.#named('schemas', ref, value, () => show(value));
  }

  #follow(given: unknown): { readonly ref?: string; readonly value: Json } {
    let value = given;
    let ref: string | undefined;
    for (let hops = 0; hops < MOST_HOPS && isJson(value); hops += 1) {
      if (typeof value['$ref'] !== 'string') return { value, ...(ref !== undefined && { ref }) };
      ref = value['$ref'];
      value = this.#at(ref);
    }
    return { value: {} };
  }

  #named(kind: Kind, ref: string, value: unknown, show: () => unknown): string {
    let told = this.#told.get(kind);
    if (!told) this.#told.set(kind, (told = { shown: new Map(), names: new Map() }));
    let name = told.names.get(value);
    if (name === undefined) {
      name = this.#nameOf(kind, ref, told);
      told.names.set(value, name);
      // Before it is shown, for it may refer to itself.
      told.shown.set(name, {});
      told.shown.set(name, show());
    }
    return `#/components/${kind}/${name}`;
  }

  /** The name that the file has for it; for what stands elsewhere in the file, one that it does not have. */
  #nameOf(kind: Kind, ref: string, { shown }: Told): string {
    const own = /^#\/components\/(\w+)\/([\w.-]+)$/.exec(ref);
    if (own?.[1] === kind) return own[2] as string;
    const known = followPath(this.#document, ['components', kind]);
    for (let number = shown.size + 1; ; number += 1) {
      const name = `${kind}-${number}`;
      if (!shown.has(name) && !(isJson(known) && Object.hasOwn(known, name))) return name;
    }
  }

  /** What a `$ref` leads to, in this file alone. */
  #at(ref: string): unknown {
    try {
      const steps = parsePointer(decodeURIComponent(ref.startsWith('#') ? ref.slice(1) : '?'));
      return followPath(this.#document, steps);
    } catch {
      return undefined;
    }
  }
}

/** Whether something is an object, no list. */
export function isJson(value: unknown): value is Json {
  return isObject(value);
}
