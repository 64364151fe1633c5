import { CodapError } from '../errors.ts';
import { toText } from '../json/leaf.ts';
import { Filled, type Part } from '../placeholder.ts';
import { Reference } from './reference.ts';

/** What each plain reference of a node was found to be; a `$join` is made from these. */
export type Values = ReadonlyMap<Reference, unknown>;

/** A template with every reference replaced by its bare value: for conditions, `select` and `as`. Throws INVALID. */
export function fillValue(template: unknown, values: Values): unknown {
  return fill(template, (reference) =>
    reference.word === '$join' ? join(reference, values).value : values.get(reference),
  );
}

/** Params with every reference replaced by a Filled, for the adapter to place. Throws INVALID. */
export function fillParams(template: unknown, values: Values): unknown {
  return fill(template, (reference) =>
    reference.word === '$join' ? join(reference, values) : new Filled(values.get(reference)),
  );
}

function fill(template: unknown, of: (reference: Reference) => unknown): unknown {
  if (template instanceof Reference) return of(template);
  if (typeof template !== 'object' || template === null) return template;
  if (Array.isArray(template)) return template.map((member) => fill(member, of));
  const filled: Record<string, unknown> = Object.create(null);
  for (const [key, member] of Object.entries(template)) filled[key] = fill(member, of);
  return filled;
}

function join(reference: Reference, values: Values): Filled {
  const parts: Part[] = [];
  for (const part of reference.parts) {
    if (typeof part === 'string') parts.push({ text: part, literal: true });
    else if (part instanceof Reference && part.word === '$join') parts.push(...(join(part, values).parts ?? []));
    else parts.push({ text: textOf(values.get(part as Reference)), literal: false });
  }
  return new Filled(parts.map((part) => part.text).join(''), parts);
}

/** A value as part of a joined string: a list's members with commas between. */
function textOf(value: unknown): string {
  const texts = Array.isArray(value) ? value.map(toText) : [toText(value)];
  if (texts.includes(undefined))
    throw new CodapError('INVALID', '$join takes strings, numbers, booleans, ids, dates and lists of these');
  return texts.join(',');
}
