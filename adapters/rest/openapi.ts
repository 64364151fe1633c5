import { isUtf8 } from 'node:buffer';
import { parse } from 'yaml';
import { z } from 'zod';
import { namedFile } from '../../src/store/named-file.ts';

/** Bytes of a file. */
const MOST_BYTES = 4 * 2 ** 20;

const shape = z.object({ openapi: z.string().regex(/^3\.\d+\.\d+/), paths: z.record(z.string(), z.unknown()) });

/** What an OpenAPI 3 file holds. */
export type OpenApi = Readonly<z.output<typeof shape> & Record<string, unknown>>;

/** The name of an OpenAPI 3 file, JSON or YAML, which is read before the configuration is checked. */
export const openapi = namedFile('of JSON or YAML').transform((bytes, context) => {
  const fault = (message: string): never => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (bytes.length > MOST_BYTES) return fault('a file of at most 4 MiB is allowed here');
  if (!isUtf8(bytes)) return fault('a file in UTF-8 is allowed here');
  let document: unknown;
  try {
    document = read(bytes.toString().replace(/^\ufeff/, ''));
  } catch {
    return fault('a file of JSON or YAML is allowed here, and this one is neither');
  }
  return shape.safeParse(document).success ? (document as OpenApi) : fault('an OpenAPI 3 file is allowed here');
});

/** Throws for what is neither JSON nor YAML, and for aliases that make much of little, or go in a circle. */
function read(text: string): unknown {
  const document: unknown = /^\s*\{/.test(text) ? JSON.parse(text) : parse(text, { logLevel: 'error' });
  if (JSON.stringify(document ?? null).length > 2 * MOST_BYTES) throw new RangeError('too much');
  return document;
}
