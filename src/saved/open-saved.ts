import { atOnce, Work } from '../budget/work.ts';
import { type Node, PATTERNS, type Plan, type QueryNode } from '../batch/plan/node.ts';
import { planning } from '../batch/plan/plan.ts';
import type { Origin, PlanContext } from '../batch/plan/planner.ts';
import { type BatchText, type Config, ConfigError, type ConfigFault } from '../config/load.ts';
import { CompiledOfLate } from '../batch/template/compiled-of-late.ts';
import { encodings } from '../encodings/index.ts';
import { BadRequest, type ToldFault } from '../json/fault-list.ts';
import { fieldsOf, hasMember, recordOf } from '../json/members.ts';
import { parseScanned } from '../json/parse.ts';
import { scan } from '../json/scan.ts';
import { definitionSchema, PARAM_NAME, type Own } from './definition.ts';
import type { Page, PagesBelow } from './pages/open-page.ts';
import { Param, paramSchema, UNKNOWN } from './param.ts';
import { ParamSet } from './param-set.ts';
import type { SavedBatch } from './saved-batch.ts';

/**
 * Plans every saved batch of a configuration, and reads its template, so that a request for one costs
 * neither. Throws ConfigError with the faults of all of them, each with its file, batch and pointer.
 */
export async function openSaved(
  { batches, limits, folder }: Pick<Config, 'batches' | 'limits' | 'folder'>,
  sources: PlanContext['sources'],
): Promise<ReadonlyMap<string, SavedBatch>> {
  const faults: ConfigFault[] = [];
  const saved = new Map<string, SavedBatch>();
  const pages = new Pages(folder);
  const ofLate = new CompiledOfLate();
  for (const text of batches) {
    try {
      saved.set(text.name, await open(text, { sources, limits, ofLate }, pages));
    } catch (error) {
      if (error instanceof BadRequest) faults.push(...error.errors.map((fault) => located(text, fault)));
      else if (error instanceof ConfigError) faults.push(...error.faults);
      else throw error;
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  for (const [name, warnings] of await pages.warnings()) saved.set(name, { ...saved.get(name)!, warnings });
  return saved;
}

function located({ file, name }: BatchText, { pointer, detail }: ToldFault): ConfigFault {
  return { path: `${file}: batches.${name}${pointer}`, detail };
}

async function open(
  { name, json, faults, unfit = [] }: BatchText,
  from: PlanContext,
  pages: Pages,
): Promise<SavedBatch> {
  if (!json) throw new ConfigError(faults);
  const unreadable = [...unfit, ...scan(json, { depth: from.limits.depth }).faults];
  const text = json.toString();
  // What a double cannot hold is told already: as an object it would have faults of its own.
  const written = recordOf(
    unreadable.length > 0 ? JSON.parse(text) : atOnce(parseScanned(text, new Work(Infinity), 0)),
  );
  const said = fieldsOf(written) as Own;
  const pattern = PATTERNS.find((known) => known === said.pattern) ?? 'kv';
  const params = new ParamSet(paramsOf(said.params));
  const origins = new Map<Node, Origin>();
  const context = { ...from, params, origins };
  const page = await pages.open({ ...said, name });
  const plan = planned(() => atOnce(planning(pattern, written, context, definitionSchema(pattern, name))), {
    before: [...unreadable, ...unnamed(said.params)],
    after: page.faults,
  });
  const asked = queriesIn(plan.root);
  const fitting = encodings.filter(({ refuses }) => refuses?.(plan) === undefined);
  return {
    name,
    description: said.description,
    params,
    plan,
    origins,
    encodings: page.encoding ? [...fitting, page.encoding] : fitting,
    maxAgeSeconds: said.maxAgeSeconds,
    sources: [...new Set(asked.map(({ source }) => source.name))],
    forwards: [...new Set(asked.flatMap(({ source }) => source.forwards))],
    isTool: said.tool === true,
    warnings: [],
  };
}

/** Faults that are known before or beside planning. */
interface Known {
  readonly before: readonly ToldFault[];
  readonly after: readonly ToldFault[];
}

/** What is planned. Throws BadRequest with the known faults, and those of planning at other places. */
function planned(plan: () => Plan, { before, after }: Known): Plan {
  let found: readonly ToldFault[] = [];
  try {
    const made = plan();
    if (before.length + after.length === 0) return made;
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    const known = new Set(before.map(({ pointer }) => pointer));
    found = error.errors.filter(({ pointer }) => !known.has(pointer));
  }
  throw new BadRequest([...before, ...found, ...after]);
}

/** The pages of one configuration. What renders them is loaded with the first. */
class Pages {
  readonly #folder: string;
  #opening: Promise<PagesBelow> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The page that a saved batch is shown as, if it has a template. */
  async open(said: Own & { readonly name: string }): Promise<Page> {
    const { template, csp } = said;
    if (typeof template !== 'string')
      return { faults: csp === undefined ? [] : [{ pointer: '#/csp', detail: 'csp needs a template' }] };
    this.#opening ??= import('./pages/open-page.ts').then(({ PagesBelow }) => new PagesBelow(this.#folder));
    return (await this.#opening).open({ ...said, template });
  }

  /** What the operator should know of them, by their batches. */
  async warnings(): Promise<ReadonlyMap<string, readonly string[]>> {
    return (await this.#opening)?.warnings() ?? new Map();
  }
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

/** A schema of records passes over this name without a word. */
function unnamed(params: unknown): readonly ToldFault[] {
  const isThere = typeof params === 'object' && params !== null && hasMember(params, '__proto__');
  return isThere ? [{ pointer: '#/params/__proto__', detail: PARAM_NAME }] : [];
}

function queriesIn(node: Node): readonly QueryNode[] {
  return node.kind === 'query' ? [node] : node.members.flatMap(queriesIn);
}
