/** JSON of an OpenAPI file. */
export type Json = Readonly<Record<string, unknown>>;

/** Keywords that hold a schema, schemas by name, and lists of schemas (JSON Schema 2020-12; OpenAPI 3.0). */
const ONE = new Set([
  'additionalProperties',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
]);
const NAMED = new Set(['$defs', 'definitions', 'dependentSchemas', 'patternProperties', 'properties']);
const LISTED = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
/** Those that hold values of data, say where something is, or speak of another document. */
const LEFT_OUT = /^(?:examples?|externalDocs|xml|\$(?:id|schema|comment)|x-.*)$/;
/** Texts for people. */
const PROSE = new Set(['title', 'description', 'summary']);
/** Of an address everything is left out: a text may name a host that nobody here is to know. */
const ADDRESS = /\b[a-z][a-z\d+.-]*:\/\/[^\s<>"')\]]*/gi;

const COMPONENT = /^#\/components\/schemas\/([^/]+)$/;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
