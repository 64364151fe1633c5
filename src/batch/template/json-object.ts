import { z } from 'zod';
import { isObject } from '../../json/members.ts';

/** An object of the request, whatever is in it. */
export const jsonObject = z
  .custom<Record<string, unknown>>(isObject, 'an object is allowed here')
  .meta({ type: 'object' });
