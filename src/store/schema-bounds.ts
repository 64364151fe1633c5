import type { z } from 'zod';

/** How large what a schema takes may be. */
interface Bounds {
  readonly least: number | undefined;
  readonly most: number | undefined;
}

/** The bounds of a number, a text or a list. */
export function boundsOf(schema: z.ZodType): Bounds {
  let least: number | undefined;
  let most: number | undefined;
  for (const { _zod } of schema.def.checks ?? []) {
    const { check, value, minimum, maximum } = _zod.def as unknown as Record<string, unknown>;
    if (check === 'greater_than' || check === 'min_length') least = (value ?? minimum) as number;
    if (check === 'less_than' || check === 'max_length') most = (value ?? maximum) as number;
  }
  return { least, most };
}

/** Tells them of a number. */
export function ranged(what: string, { least, most }: Bounds): string {
  if (least !== undefined && most !== undefined) return `${what} from ${least} to ${most}`;
  if (least !== undefined) return `${what} of at least ${least}`;
  return most === undefined ? what : `${what} of at most ${most}`;
}

/** Tells them of what has so many parts. */
export function sized(what: string, { least, most }: Bounds, of: string): string {
  if (least === undefined) return most === undefined ? what : `${what} of at most ${most} ${of}`;
  if (most !== undefined) return `${what} of ${least} to ${most} ${of}`;
  return least === 1 ? `${what} that is not empty` : `${what} of at least ${least} ${of}`;
}
