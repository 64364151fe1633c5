import type { RE2JS } from 're2js';
import { z } from 'zod';
import { atOnce, type Steps, Work } from '../budget/work.ts';
import { isLongerThan } from '../json/characters.ts';
import { scan } from '../json/scan.ts';
import { piecesOf } from '../json/size.ts';
import { choice } from '../store/choice.ts';
import { wholeNumber } from '../store/whole-number.ts';
import { patternOf, patternOfJson } from './pattern.ts';

/** The most characters of a text that is matched, unless `maxLength` says otherwise. */
const MATCHED = 8192;
/** Of what nobody is charged for. */
const UNCOUNTED = new Work(Infinity);

const SCALARS = ['string', 'number', 'integer', 'boolean'] as const;
type Scalar = string | number | boolean;
type ScalarType = (typeof SCALARS)[number];

const count = wholeNumber.min(0);
const scalar = z.union([z.string(), z.number(), z.boolean()], 'a string, a number or a boolean is allowed here');

const fields = z.strictObject({
  type: z
    .union([z.enum(SCALARS), z.tuple([z.enum(SCALARS)])], `${choice(SCALARS)}, or a list of one such as [string]`)
    .meta({ description: 'What it is; `[string]` is a list of strings.' }),
  enum: z.array(scalar).min(1).optional(),
  pattern: z.string().optional().meta({ description: 'A regular expression (RE2) of which a part has to match.' }),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: count.optional().meta({ description: 'Characters (code points).' }),
  maxLength: count.optional().meta({ description: 'Characters (code points).' }),
  maxItems: count.optional(),
  default: z.union([scalar, z.array(scalar)]).optional(),
  required: z.boolean().default(true),
  description: z.string().optional(),
});

type Fields = z.output<typeof fields>;

/** Which types a field says something of. */
const OF_TYPES: Partial<Record<keyof Fields, readonly ScalarType[]>> = {
  pattern: ['string'],
  minLength: ['string'],
  maxLength: ['string'],
  minimum: ['number', 'integer'],
  maximum: ['number', 'integer'],
};

/** Beyond each other nothing would fit. */
const RANGES = [
  ['minimum', 'maximum'],
  ['minLength', 'maxLength'],
] as const;

/** What a saved batch says of one of its parameters. */
export const paramSchema = fields.superRefine((said, context) => {
  const fault = (field: keyof Fields, message: string): void =>
    context.addIssue({ code: 'custom', path: [field], message });
  for (const [field, types] of Object.entries(OF_TYPES) as [keyof Fields, readonly ScalarType[]][])
    if (said[field] !== undefined && !types.includes(scalarOf(said)))
      fault(field, `stands with the type ${types.join(' or ')} alone`);
  const ends = { ...said, minimum: lowest(said), maxLength: longest(said) };
  for (const [least, most] of RANGES)
    if ((ends[least] ?? -Infinity) > (ends[most] ?? Infinity)) fault(most, `at least ${ends[least]} is allowed here`);
  if (said.maxItems !== undefined && !isList(said)) fault('maxItems', 'stands with a list alone');
  if (said.pattern !== undefined && patternOf(said.pattern) === undefined)
    fault('pattern', 'a regular expression that RE2 knows (no look-around, no back-reference) is allowed here');
  else if (context.issues.length === 0) {
    const { enum: _, ...rest } = said;
    const one = new Param({ ...rest, type: scalarOf(said) });
    if (said.enum?.some((value) => !one.fits(value))) fault('enum', `values that are ${one.allowed} are allowed here`);
    else if (said.default !== undefined && !new Param(said).fits(said.default))
      fault('default', `${new Param(said).allowed} is allowed here`);
  }
});

/** What stands for a parameter of which nothing is known. */
export const UNKNOWN: Fields = { type: 'string', required: false };

/** A parameter of a saved batch: what it may be, and what it is when it is not given. */
export class Param {
  readonly #said: Fields;
  readonly #pattern: RE2JS | undefined;

  constructor(said: Fields) {
    this.#said = said;
    this.#pattern = said.pattern === undefined ? undefined : patternOf(said.pattern);
  }

  /** Its value where none is given; undefined where there is none either. */
  get default(): Scalar | readonly Scalar[] | undefined {
    return this.#said.default;
  }

  /** Whether a request has to give it. */
  get isRequired(): boolean {
    return this.#said.required && this.#said.default === undefined;
  }

  /** What it may be, as a JSON Schema (draft 2020-12). */
  get schema(): object {
    const { type: _, required: __, maxItems, default: byDefault, description, pattern, ...own } = this.#said;
    const common = pattern === undefined ? undefined : patternOfJson(pattern);
    const one = {
      type: scalarOf(this.#said),
      ...(pattern !== undefined && { maxLength: MATCHED }),
      ...(common !== undefined && { pattern: common }),
      ...own,
    };
    const isToldHere = pattern !== undefined && common === undefined;
    const told = [description, isToldHere && `Matches ${pattern} (RE2).`].filter(Boolean);
    return {
      ...(told.length > 0 && { description: told.join(' ') }),
      ...(isList(this.#said) ? { type: 'array', items: one, ...(maxItems !== undefined && { maxItems }) } : one),
      ...(byDefault !== undefined && { default: byDefault }),
    };
  }

  /** What it may be, in words. */
  get allowed(): string {
    const { enum: values, pattern, minimum, maximum, minLength, maxItems } = this.#said;
    const type = scalarOf(this.#said);
    const maxLength = longest(this.#said);
    const words = [
      isList(this.#said) ? `a list of ${LISTED[type]}` : ONE[type],
      ...(minLength === undefined ? [] : [`of at least ${minLength} characters`]),
      ...(maxLength === Infinity ? [] : [`of at most ${maxLength} characters`]),
      ...(minimum === undefined ? [] : [`from ${minimum}`]),
      ...(maximum === undefined ? [] : [`up to ${maximum}`]),
      ...(pattern === undefined ? [] : [`matching ${pattern}`]),
      ...(values === undefined ? [] : [`among ${values.join(', ')}`]),
      ...(maxItems === undefined ? [] : [`with at most ${maxItems} members`]),
    ];
    return words.join(' ');
  }

  /** Whether a value may stand for it. */
  fits(value: unknown): boolean {
    return atOnce(this.fitting(value, UNCOUNTED));
  }

  /** The same, in turns with others: a list may be long. */
  *fitting(value: unknown, work: Work): Steps<boolean> {
    if (!isList(this.#said)) return this.#fitsOne(value);
    if (!Array.isArray(value) || value.length > (this.#said.maxItems ?? Infinity)) return false;
    for (const one of value) {
      if (work.tick(piecesOf(one))) yield;
      if (!this.#fitsOne(one)) return false;
    }
    return true;
  }

  /** Its value, of the texts that a URL has for it; undefined where they are none that fits. */
  ofTexts(texts: readonly string[]): unknown {
    const type = scalarOf(this.#said);
    const values = texts.map((text) => READ[type](text));
    const value = isList(this.#said) ? values : values.length === 1 ? values[0] : undefined;
    return this.fits(value) ? value : undefined;
  }

  /** Why texts of a URL have no value that fits; it repeats none of them. */
  refusalOf(texts: readonly string[]): string {
    if (!isList(this.#said) && texts.length > 1) return `it is given more than once; ${this.allowed} is allowed here`;
    const isNumber = READ[scalarOf(this.#said)] === readNumber;
    if (isNumber && texts.some((text) => NUMBER.test(text) && readNumber(text) === undefined))
      return `a number that a double cannot hold; ${this.allowed} is allowed here`;
    return `${this.allowed} is allowed here`;
  }

  #fitsOne(value: unknown): boolean {
    const { enum: values, minimum = -Infinity, maximum = Infinity, minLength = 0 } = this.#said;
    const maxLength = longest(this.#said);
    if (!IS[scalarOf(this.#said)](value)) return false;
    if (typeof value === 'number' && (value < minimum || value > maximum)) return false;
    if (typeof value === 'string' && (isLongerThan(value, maxLength) || !isLongerThan(value, minLength - 1)))
      return false;
    if (this.#pattern && !this.#pattern.test(value as string)) return false;
    return values === undefined || values.includes(value as Scalar);
  }
}

const ONE: Readonly<Record<ScalarType, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
};

const LISTED: Readonly<Record<ScalarType, string>> = {
  string: 'strings',
  number: 'numbers',
  integer: 'whole numbers',
  boolean: 'true or false',
};

const IS: Readonly<Record<ScalarType, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
};

/** A number as JSON writes it (RFC 8259 §6). */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** By the rules of a body: none that would be changed. */
const readNumber = (text: string): number | undefined =>
  NUMBER.test(text) && scan(Buffer.from(text), { depth: 1 }).faults.length === 0 ? Number(text) : undefined;

const READ: Readonly<Record<ScalarType, (text: string) => Scalar | undefined>> = {
  string: (text) => text,
  number: readNumber,
  integer: readNumber,
  boolean: (text) => (text === 'true' || text === 'false' ? text === 'true' : undefined),
};

/** Linear time is long where a text is: one that is matched has an end. */
function longest({ pattern, maxLength = pattern === undefined ? Infinity : MATCHED }: Fields): number {
  return maxLength;
}

/** From where on there are values. */
function lowest(said: Fields): number {
  const { minimum = -Infinity } = said;
  return scalarOf(said) === 'integer' ? Math.ceil(minimum) : minimum;
}

function isList({ type }: Fields): boolean {
  return typeof type !== 'string';
}

function scalarOf({ type }: Fields): ScalarType {
  return typeof type === 'string' ? type : type[0];
}
