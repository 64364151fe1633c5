import { type ApiComponents, isJson } from './api-components.ts';

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

/** What the schemas of an OpenAPI file say: no examples, and nothing that leads out of the file. */
export class ApiSchemas {
  readonly #components: ApiComponents;

  constructor(components: ApiComponents) {
    this.#components = components;
  }

  /** A schema as it may be shown. */
  readonly shown = (schema: unknown): unknown => {
    if (!isJson(schema)) return typeof schema === 'boolean' ? schema : {};
    return Object.fromEntries(
      Object.entries(schema).flatMap(([keyword, value]) => {
        const shown = this.#keyword(keyword, value);
        return shown === undefined ? [] : [[keyword, shown]];
      }),
    );
  };

  #keyword(keyword: string, value: unknown): unknown {
    if (keyword === '$ref') return typeof value === 'string' ? this.#components.schema(value, this.shown) : undefined;
    if (PROSE.has(keyword)) return prose(value);
    if (ONE.has(keyword)) return this.shown(value);
    if (NAMED.has(keyword) && isJson(value))
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.shown(one)]));
    if (LISTED.has(keyword) && Array.isArray(value)) return value.map((one) => this.shown(one));
    return PLAIN.has(keyword) ? value : undefined;
  }
}

/** A text without the addresses in it; undefined for what is no text. */
export function prose(text: unknown): string | undefined {
  return typeof text === 'string' ? text.replace(ADDRESS, '…') : undefined;
}
