import { atOnce } from '../budget/work.ts';
import type { Node, QueryNode } from '../batch/plan/node.ts';
import { planning } from '../batch/plan/plan.ts';
import type { Origin, PlanContext } from '../batch/plan/planner.ts';
import { type BatchText, type Config, ConfigError, type ConfigFault } from '../config/load.ts';
import { encodings } from '../encodings/index.ts';
import { BadRequest, type ToldFault } from '../json/fault-list.ts';
import { recordOf } from '../json/members.ts';
import { parseExact } from '../json/parse.ts';
import { scan } from '../json/scan.ts';
import type { Source } from '../sources/open.ts';
import { definitionSchema, type Own, PATTERNS } from './definition.ts';
import { Param, paramSchema, UNKNOWN } from './param.ts';
import { ParamSet } from './param-set.ts';
import type { SavedBatch } from './saved-batch.ts';

/**
 * Plans every saved batch of a configuration, so that a request for one costs no planning. Throws ConfigError
 * with the faults of all of them, each with its file, batch and pointer.
 */
export function openSaved(
  { batches, limits }: Pick<Config, 'batches' | 'limits'>,
  sources: ReadonlyMap<string, Source>,
): ReadonlyMap<string, SavedBatch> {
  const faults: ConfigFault[] = [];
  const saved = new Map<string, SavedBatch>();
  for (const text of batches) {
    try {
      saved.set(text.name, open(text, { sources, limits }));
    } catch (error) {
      if (error instanceof BadRequest) faults.push(...error.errors.map((fault) => located(text, fault)));
      else if (error instanceof ConfigError) faults.push(...error.faults);
      else throw error;
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return saved;
}

function located({ file, name }: BatchText, { pointer, detail }: ToldFault): ConfigFault {
  return { path: `${file}: batches.${name}${pointer}`, detail };
}

function open({ name, json, faults }: BatchText, { sources, limits }: PlanContext): SavedBatch {
  if (!json) throw new ConfigError(faults);
  const unreadable = scan(json, { depth: limits.depth });
  if (unreadable.length > 0) throw new BadRequest(unreadable);
  const written = recordOf(parseExact(json.toString()));
  const said = (typeof written === 'object' && written !== null ? written : {}) as Own;
  const pattern = PATTERNS.find((known) => known === said.pattern) ?? 'kv';
  const params = new ParamSet(paramsOf(said.params));
  const origins = new Map<Node, Origin>();
  const context = { sources, limits, params, origins };
  const plan = atOnce(planning(pattern, written, context, definitionSchema(pattern, name)));
  return {
    name,
    description: said.description,
    params,
    plan,
    origins,
    encodings: encodings.filter(({ refuses }) => refuses?.(plan) === undefined),
    maxAgeSeconds: said.maxAgeSeconds,
    forwards: [...new Set(queriesIn(plan.root).flatMap(({ source }) => source.forwards))],
    isTool: said.tool === true,
  };
}

/** Those that are right; what is wrong with others is told by the schema of the whole. */
function paramsOf(written: unknown): ReadonlyMap<string, Param> {
  const known = new Map<string, Param>();
  for (const [name, said] of Object.entries(recordOf(written ?? {}) as object)) {
    const { data } = paramSchema.safeParse(said);
    known.set(name, new Param(data ?? UNKNOWN));
  }
  return known;
}

function queriesIn(node: Node): readonly QueryNode[] {
  return node.kind === 'query' ? [node] : node.members.flatMap(queriesIn);
}
