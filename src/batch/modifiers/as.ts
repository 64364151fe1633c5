import { z } from 'zod';
import { CodapError } from '../../errors.ts';
import { isLongerThan } from '../../json/characters.ts';
import { toText } from '../../json/leaf.ts';
import { fillValue } from '../template/fill-template.ts';
import { jsonObject } from '../template/json-object.ts';
import { readTemplate } from '../template/read-template.ts';
import { Reference } from '../template/reference.ts';
import type { Names } from './modifier.ts';

/** `as`: a name, or what it is made of. */
export const as: Names<string | Reference | undefined> = {
  schema: z
    .union([z.string(), jsonObject], 'a string or a reference is allowed here')
    .optional()
    .meta({ description: 'Its name in a list, its file name in an archive.' }),
  read(value, at, { limits: { keyChars }, report, toRun }) {
    if (value === undefined) return undefined;
    const name = readTemplate(value, at, toRun);
    if (name instanceof Reference) return name;
    if (typeof name === 'string') {
      if (isLongerThan(name, keyChars)) report(at, `a name has at most ${keyChars} characters`);
      return name;
    }
    report(at, 'a string or a reference is allowed here');
    return undefined;
  },
  on: 'name',
  *apply(reference, given) {
    const name = toText(yield* fillValue(reference, given));
    const { keyChars } = given.budgets.options.limits;
    if (name === undefined) throw new CodapError('INVALID', 'as takes a string, a number, a boolean, an id or a date');
    if (isLongerThan(name, keyChars)) throw new CodapError('INVALID', `a name has at most ${keyChars} characters`);
    return name;
  },
};
