/** A number as it was written: `JSON.stringify` writes it so, to its last digit. */
export interface Digits {
  readonly rawJSON: string;
}

type Reviver = (key: string, value: unknown, context: { readonly source: string }) => unknown;

const json = JSON as unknown as {
  rawJSON(text: string): Digits;
  parse(text: string, reviver: Reviver): unknown;
};

/** A text that is a number in JSON's own words. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** The number that a text writes; undefined where it writes none. */
export function digitsOf(text: string): Digits | undefined {
  return NUMBER.test(text) ? json.rawJSON(text) : undefined;
}

/** What a JSON text says, its numbers as they are written there. */
export function parseAsWritten(text: string): unknown {
  return json.parse(text, (_key, value, { source }) => (typeof value === 'number' ? json.rawJSON(source) : value));
}

/** What a person reads of a text, and of what else a parameter may be. */
export function scalarText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
