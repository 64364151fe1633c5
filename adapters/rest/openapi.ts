import { readFileSync, statSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

/** Bytes of a file. */
const MOST_BYTES = 4 * 2 ** 20;

const shape = z.object({ openapi: z.string().regex(/^3\.\d+\.\d+/), paths: z.record(z.string(), z.unknown()) });

/** What an OpenAPI 3 file holds. */
export type OpenApi = Readonly<z.output<typeof shape> & Record<string, unknown>>;

/** The name of an OpenAPI 3 file, JSON or YAML, which is read as the configuration is checked. */
export const openapi = z.string().transform((name, context) => {
  const fault = (message: string): never => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  try {
    const stats = statSync(name);
    if (!stats.isFile() || stats.size > MOST_BYTES) return fault('a file of at most 4 MiB is allowed here');
    const document = read(readFileSync(name, 'utf8'));
    return shape.safeParse(document).success ? (document as OpenApi) : fault('an OpenAPI 3 file is allowed here');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code ? ` (${code})` : '';
    return fault(`a file of JSON or YAML is allowed here, and this one cannot be read${why}`);
  }
});

/** Throws for what is neither JSON nor YAML, and for aliases that make much of little, or go in a circle. */
function read(text: string): unknown {
  const document: unknown = /^\s*\{/.test(text) ? JSON.parse(text) : parse(text, { logLevel: 'error' });
  if (JSON.stringify(document ?? null).length > 2 * MOST_BYTES) throw new RangeError('too much');
  return document;
}
