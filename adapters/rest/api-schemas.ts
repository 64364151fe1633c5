import { followPath, isObject } from '../../src/json/members.ts';
import { parsePointer } from '../../src/json/pointer.ts';
import type { OpenApi } from './openapi.ts';

/** An object of an OpenAPI file. */
export type Json = Readonly<Record<string, unknown>>;

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Keywords that hold a schema, schemas by name, and schemas in a list (JSON Schema 2020-12; OpenAPI 3.0). */
const ONE = words(`additionalProperties contains contentSchema else if items not propertyNames then
  unevaluatedItems unevaluatedProperties`);
const NAMED = words('$defs definitions dependentSchemas patternProperties properties');
const LISTED = words('allOf anyOf oneOf prefixItems');
/** Those that say what is allowed. What is in no list is not told: examples, addresses, extensions. */
const PLAIN = words(`const contentEncoding contentMediaType default dependentRequired deprecated enum
  exclusiveMaximum exclusiveMinimum format maxContains maxItems maxLength maxProperties maximum minContains
  minItems minLength minProperties minimum multipleOf nullable pattern readOnly required type uniqueItems
  writeOnly`);
/** Texts for people. */
const PROSE = words('title description summary');
/** A text may tell a host that nobody else is to know. */
const ADDRESS = /\b[a-z][a-z\d+.-]*:\/\/[^\s<>"')\]]*/gi;
/** `$ref`s that are followed one after the other. */
const MOST_HOPS = 10;

/** What the schemas of an OpenAPI file say: no examples, and nothing that leads out of the file. */
export class ApiSchemas {
  /** Those that a `$ref` to `#/components/schemas/` names among what was shown, by name. */
  readonly named = new Map<string, unknown>();
  readonly #document: OpenApi;
  readonly #names = new Map<string, string>();

  constructor(document: OpenApi) {
    this.#document = document;
  }

  /** What stands in a place, or where the `$ref` in it leads to; an empty object where that is nowhere. */
  resolved(given: unknown): Json {
    let value = given;
    for (let hops = 0; hops < MOST_HOPS && isJson(value); hops += 1) {
      if (typeof value['$ref'] !== 'string') return value;
      value = this.#at(value['$ref']);
    }
    return {};
  }

  /** A schema as it may be shown. */
  shown(schema: unknown): unknown {
    if (!isJson(schema)) return typeof schema === 'boolean' ? schema : {};
    return Object.fromEntries(
      Object.entries(schema).flatMap(([keyword, value]) => {
        const shown = this.#keyword(keyword, value);
        return shown === undefined ? [] : [[keyword, shown]];
      }),
    );
  }

  #keyword(keyword: string, value: unknown): unknown {
    if (keyword === '$ref') return typeof value === 'string' ? this.#reference(value) : undefined;
    if (PROSE.has(keyword)) return prose(value);
    if (ONE.has(keyword)) return this.shown(value);
    if (NAMED.has(keyword) && isJson(value))
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.shown(one)]));
    if (LISTED.has(keyword) && Array.isArray(value)) return value.map((one) => this.shown(one));
    return PLAIN.has(keyword) ? value : undefined;
  }

  /** The reference to one of `named`; undefined for one that leads nowhere. */
  #reference(ref: string): string | undefined {
    let name = this.#names.get(ref);
    if (name === undefined) {
      const schema = this.#at(ref);
      if (schema === undefined) return undefined;
      name = this.#nameOf(ref);
      this.#names.set(ref, name);
      // Before it is shown, for it may refer to itself.
      this.named.set(name, {});
      this.named.set(name, this.shown(schema));
    }
    return `#/components/schemas/${name}`;
  }

  #nameOf(ref: string): string {
    const [, own] = /^#\/components\/schemas\/([\w.-]+)$/.exec(ref) ?? [];
    if (own !== undefined) return own;
    const { schemas } = this.resolved(this.#document['components']);
    for (let number = this.named.size + 1; ; number += 1) {
      const name = `schema-${number}`;
      if (!this.named.has(name) && !(isJson(schemas) && Object.hasOwn(schemas, name))) return name;
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

/** A text without the addresses in it; undefined for what is no text. */
export function prose(text: unknown): string | undefined {
  return typeof text === 'string' ? text.replace(ADDRESS, '…') : undefined;
}

/** Whether something is an object, no list. */
export function isJson(value: unknown): value is Json {
  return isObject(value);
}
