import { z } from 'zod';
import { fieldsOf } from '../json/members.ts';

/** What is said of what is no name. */
export const NAME = 'a name of 1 to 64 letters, digits, _ and -, beginning with a letter or digit, is allowed here';

/** The name of a source, a saved batch or a caller. */
export const nameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, NAME);

/** Whether a text can be such a name. */
export function isName(text: string): boolean {
  return nameSchema.safeParse(text).success;
}

/** The keys of an object that can be such names. */
export function keysThatAreNames(value: unknown): readonly string[] {
  return Object.keys(fieldsOf(value)).filter(isName);
}
