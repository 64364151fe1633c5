import { z } from 'zod';

/** An object of the request, whatever is in it. */
export const jsonObject = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'an object is allowed here',
  )
  .meta({ type: 'object' });
