import { CodapError } from '../errors.ts';
import { toText } from '../json/leaf.ts';
import { entriesOf, put } from '../json/members.ts';
import { Filled, type Part } from '../placeholder.ts';
import type { Batch } from './batch.ts';
import { Reference } from './reference.ts';

/** What each plain reference of a node was found to be; a `$join` is made from these. */
export type Values = ReadonlyMap<Reference, unknown>;

/**
 * A template with every reference replaced by its bare value: for conditions, `select` and `as`. What is joined counts against the
 * batch's answer. Throws INVALID, TOO_LARGE.
 */
export function fillValue(template: unknown, values: Values, batch: Pick<Batch, 'takeBytes'>): unknown {
  return fill(template, (reference) => {
    if (reference.word !== '$join') return values.get(reference);
    return joined(partsOf(reference, values, batch)).value;
  });
}

/** Params with every reference replaced by a Filled, for the adapter to place. Throws INVALID. */
export function fillParams(template: unknown, values: Values): unknown {
  return fill(template, (reference) =>
    reference.word === '$join' ? joined(partsOf(reference, values)) : new Filled(values.get(reference)),
  );
}

function fill(template: unknown, of: (reference: Reference) => unknown): unknown {
  if (template instanceof Reference) return of(template);
  if (typeof template !== 'object' || template === null) return template;
  if (Array.isArray(template)) return template.map((member) => fill(member, of));
  let filled: object = {};
  for (const [key, member] of entriesOf(template)) filled = put(filled, key, fill(member, of));
  return filled;
}

function partsOf(reference: Reference, values: Values, batch?: Pick<Batch, 'takeBytes'>): Part[] {
  return reference.parts.flatMap((part) => {
    if (typeof part === 'string') return { text: part, literal: true };
    if (part.word === '$join') return partsOf(part as Reference, values, batch);
    const text = textOf(values.get(part as Reference));
    batch?.takeBytes(text.length);
    return { text, literal: false };
  });
}

function joined(parts: readonly Part[]): Filled {
  return new Filled(parts.map((part) => part.text).join(''), parts);
}

/** A value as part of a joined string: a list's members with commas between. */
function textOf(value: unknown): string {
  const texts = Array.isArray(value) ? value.map(toText) : [toText(value)];
  if (texts.includes(undefined))
    throw new CodapError('INVALID', '$join takes strings, numbers, booleans, ids, dates and lists of these');
  return texts.join(',');
}
