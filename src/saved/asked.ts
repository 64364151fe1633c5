import { z } from 'zod';
import { checkFields } from '../batch/plan/check-fields.ts';
import type { Plan } from '../batch/plan/node.ts';
import type { Params } from '../batch/run/batch.ts';
import type { Steps, Work } from '../budget/work.ts';
import { jsonObject } from '../batch/template/json-object.ts';
import { Spot } from '../batch/template/spot.ts';
import { BadRequest, FaultList } from '../json/fault-list.ts';
import type { SavedBatch } from './saved-batch.ts';

/** What a POST to a saved batch may say. */
export const askedSchema = z.strictObject({
  params: jsonObject.optional(),
  shape: z.enum(['replies', 'values']).optional(),
  trace: z.boolean().optional(),
});

/** A saved batch as the body of a POST asks for it. Throws BadRequest. */
export function* askedBy(
  body: unknown,
  { params, plan }: SavedBatch,
  work: Work,
): Steps<{ plan: Plan; params: Params }> {
  const faults = new FaultList();
  const fields = checkFields(askedSchema, body, Spot.TOP, (at, detail) => faults.add(at.path, detail)) ?? {};
  const { shape = 'replies', trace = false } = fields as z.output<typeof askedSchema>;
  if (trace && shape === 'values') faults.add(['trace'], 'trace cannot stand beside shape "values"');
  // Where they are no object that is told, and nothing else of them.
  const isWrong = Object.hasOwn(fields, 'params') && fields['params'] === undefined;
  const given = fields['params'] ?? {};
  const values = isWrong
    ? {}
    : yield* params.ofBody(given, (name, detail) => faults.add(['params', name], detail), work);
  if (!faults.empty) throw new BadRequest(faults.told());
  return { plan: { ...plan, shape, trace }, params: values };
}
