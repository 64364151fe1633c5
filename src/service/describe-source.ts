import type { Memory } from '../budget/memory.ts';
import { CodapError, toCodapError } from '../errors.ts';
import { references } from '../openapi/queries.ts';
import { type JsonSchema, toJsonSchema } from '../openapi/schema-of.ts';
import { selfContained } from '../openapi/self-contained.ts';
import { KeptContents } from '../sources/kept-contents.ts';
import type { Source } from '../sources/open.ts';

/** What it may be asked, and, where its operator lets that be told, what is in it. */
export interface SourceDescription {
  readonly name: string;
  readonly adapter: string;
  /** By op: the JSON Schema of its params, which stands by itself. */
  readonly ops: Readonly<Record<string, { readonly params: JsonSchema }>>;
  readonly contents?: object;
}

/** Describes a source, unless the signal aborts first. Throws CodapError where the store cannot tell. */
export type DescribeSource = (source: Source, signal: AbortSignal) => Promise<SourceDescription>;

/** Makes the one that all of a service share. A look at what is in a source has `timeoutMs` milliseconds. */
export function describing(memory: Memory, timeoutMs: number): DescribeSource {
  const known = new WeakMap<
    Source,
    { readonly told: SourceDescription; readonly contents: KeptContents | undefined }
  >();
  return async (source, signal) => {
    let one = known.get(source);
    if (!one) {
      const contents = source.contents && new KeptContents(source.contents, memory, timeoutMs);
      known.set(source, (one = { told: asked(source), contents }));
    }
    if (!one.contents) return one.told;
    const contents = await one.contents.tell(signal).catch((error: unknown) => {
      throw failureOf(error, source.name);
    });
    return { ...one.told, contents };
  };
}

/** Whatever a store says is its fault: who asks for a description has done nothing wrong. */
function failureOf(error: unknown, source: string): CodapError {
  const known = toCodapError(error).from(source);
  const { code, message, http, cause } = known;
  return http >= 500 ? known : new CodapError(code, message, { source, http: 502, cause });
}

function asked(source: Source): SourceDescription {
  const { name, adapter } = source;
  const ops = source.ops.map((op) => {
    const params = selfContained(toJsonSchema(source.paramsOf(op)), references);
    return [op, { params }] as const;
  });
  return { name, adapter, ops: Object.fromEntries(ops) };
}
