import { z } from 'zod';
import { CodapError } from '../../errors.ts';
import type { Value } from '../../store/payload.ts';
import { plain } from '../../json/compare.ts';
import { TypedValue } from '../../store/typed-value.ts';
import type { Reshapes } from './modifier.ts';

/** `accept`: with "found", null is a failure. */
export const accept: Reshapes<'found' | undefined> = {
  schema: z.enum(['any', 'found']).optional().meta({ description: 'With "found", null is NOT_FOUND.' }),
  read: (value) => (value === 'found' ? value : undefined),
  on: 'value',
  // oxlint-disable-next-line require-yield
  *apply(_found, value) {
    if (isNull(value)) throw new CodapError('NOT_FOUND', 'nothing was found');
    return value;
  },
};

/** What codap made may not be written yet; a text of JSON, however long, is not read. */
function isNull(value: Value): boolean {
  if (value instanceof TypedValue) return plain(value.value) === null;
  const { json } = value;
  return json.length < 1024 ? json.trim() === 'null' : json.trimStart().startsWith('null');
}
