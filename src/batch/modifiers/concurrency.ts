import { wholeNumber } from '../../store/whole-number.ts';
import type { Plain } from './modifier.ts';

/** `concurrency`: how many items of a forEach the engine runs at a time. */
export const concurrency: Plain<number> = {
  schema: wholeNumber.min(1).max(1000).optional().meta({ description: 'Items of a forEach at a time. Default 8.' }),
  read(value, at, { fields, report }) {
    if (value !== undefined && !Object.hasOwn(fields, 'forEach')) report(at, 'concurrency needs forEach');
    return (value as number | undefined) ?? 8;
  },
};
