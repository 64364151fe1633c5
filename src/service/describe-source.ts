import type { Memory } from '../budget/memory.ts';
import { CodapError, toCodapError } from '../errors.ts';
import { writeText } from '../json/write.ts';
import { adHocReferences, references } from '../openapi/queries.ts';
import { type JsonSchema, orVerbatim, paramsSchema, ref } from '../openapi/schema-of.ts';
import { selfContained } from '../openapi/self-contained.ts';
import { KeptContents } from '../sources/kept-contents.ts';
import type { ContentsBounds, Source } from '../sources/open.ts';

/** What it may be asked, and, where its operator lets that be told, what is in it. */
export interface SourceDescription {
  readonly name: string;
  readonly adapter: string;
  /** By op: the JSON Schema of its params, which stands by itself. */
  readonly ops: Readonly<Record<string, { readonly params: JsonSchema }>>;
  readonly contents?: object;
}

/** A description, and its JSON. */
export interface Described {
  readonly told: SourceDescription;
  readonly json: string;
  /** The same to an agent: its batches have no parameters and no caller, to which a saved one may refer. */
  readonly toAgents: SourceDescription;
}

/** What may be asked of it. */
type Asked = Pick<Described, 'told' | 'toAgents'>;

/** Describes a source, unless the signal aborts first. Throws CodapError where the store cannot tell. */
export type DescribeSource = (source: Source, signal: AbortSignal) => Promise<Described>;

/** Makes the one that all of a service share. A look at what is in a source has `timeoutMs` milliseconds. */
export function describing(memory: Memory, timeoutMs: number): DescribeSource {
  const known = new WeakMap<Source, Described & { readonly kept: KeptContents<Described> | undefined }>();
  return async (source, signal) => {
    let one = known.get(source);
    if (!one) {
      const asked = askedOf(source);
      const { contents: look } = source;
      const kept = look && new KeptContents((bounds) => withContents(asked, look, bounds), memory, timeoutMs);
      known.set(source, (one = { ...asked, json: JSON.stringify(asked.told), kept }));
    }
    if (!one.kept) return one;
    return one.kept.tell(signal).catch((error: unknown) => {
      throw failureOf(error, source.name);
    });
  };
}

/** Written as soon as it is found, in turns with others: it may be as long as the file it comes from. */
async function withContents(
  asked: Asked,
  look: NonNullable<Source['contents']>,
  bounds: ContentsBounds,
): Promise<Described> {
  const contents = await look(bounds);
  const told = { ...asked.told, contents };
  const toAgents = { ...asked.toAgents, contents };
  return { told, toAgents, json: await bounds.work.do(writeText(told, 'plain', bounds.work)) };
}

/** Whatever a store says is its fault: who asks for a description has done nothing wrong. */
function failureOf(error: unknown, source: string): CodapError {
  const known = toCodapError(error).from(source);
  const { code, message, http, cause } = known;
  return http >= 500 ? known : new CodapError(code, message, { source, http: 502, cause });
}

function askedOf(source: Source): Asked {
  const { name, adapter } = source;
  const schemas = source.ops.map((op) => {
    const taken = orVerbatim(paramsSchema(source.ownParamsOf(op)), ref('VerbatimParams'));
    return [op, taken] as const;
  });
  const by = (some: typeof references): SourceDescription => {
    const told = schemas.map(([op, schema]) => [op, { params: selfContained(schema, some) }] as const);
    return { name, adapter, ops: Object.fromEntries(told) };
  };
  return { told: by(references), toAgents: by(adHocReferences) };
}
