import type { z } from 'zod';
import { isObject } from '../json/members.ts';

/**
 * A rule between these fields of an object is told beside what is wrong with others, once each of these is
 * right by itself.
 */
export function besides(...fields: readonly string[]) {
  return {
    when: ({ value, issues }: z.core.ParsePayload) =>
      isObject(value) && !issues.some(({ path }) => fields.includes(String(path?.[0]))),
  };
}
