import { isUtf8 } from 'node:buffer';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { namedFile } from '../../src/store/named-file.ts';
import { yamlWords } from '../../src/store/yaml-words.ts';
import { asJson } from '../../src/json/as-json.ts';

/** Bytes of a file. */
const MOST_BYTES = 4 * 2 ** 20;

const shape = z.object({ openapi: z.string().regex(/^3\.\d+\.\d+/), paths: z.record(z.string(), z.unknown()) });

/** What an OpenAPI 3 file holds. */
export type OpenApi = Readonly<z.output<typeof shape> & Record<string, unknown>>;

const NEITHER = 'a file of JSON or YAML is allowed here, and this one is neither';
const TOO_MUCH =
  'a file that is not nested too deep, and whose aliases stand for what is written before them, and not for very much, is allowed here';

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
    const text = bytes.toString().replace(/^\ufeff/, '');
    const { wrong, value } = read(text);
    if (wrong !== undefined) return fault(`${NEITHER}: ${wrong}`);
    if (JSON.stringify(value ?? null).length > 2 * MOST_BYTES) throw new RangeError('too much');
    document = value;
  } catch {
    return fault(TOO_MUCH);
  }
  return shape.safeParse(document).success ? (document as OpenApi) : fault('an OpenAPI 3 file is allowed here');
});

/** What a text holds, or what is wrong with it and where; that repeats nothing of it. */
function read(text: string): { readonly value?: unknown; readonly wrong?: string } {
  // What is no JSON may be YAML, whose parser says what is wrong with either.
  const value = /^\s*\{/.test(text) ? asJson(text) : undefined;
  if (value !== undefined) return { value };
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' });
  const [error] = document.errors;
  if (!error) return { value: document.toJS() as unknown };
  const { line, col } = lineCounter.linePos(error.pos[0]);
  return { wrong: `line ${line}, column ${col}: ${yamlWords(error)}` };
}
