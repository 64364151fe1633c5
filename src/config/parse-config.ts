import { resolve } from 'node:path';
import type { Adapters } from '../../adapters/adapter.ts';
import { fieldsOf, isObject } from '../json/members.ts';
import { checkSchema, type SchemaFault } from '../store/check-schema.ts';
import { batchText } from './batch-texts.ts';
import { callerFaults } from './caller-faults.ts';
import type { CallerConfig } from './caller-options.ts';
import { withMeant } from './did-you-mean.ts';
import type { Env } from './env.ts';
import { ConfigError, type ConfigFault, toPath } from './fault.ts';
import { readOption } from './config-files.ts';
import { fill, type FilledIn } from './variables.ts';
import { isName, keysThatAreNames } from './name-schema.ts';
import { type Config, configSchema, LOOSEST } from './schema.ts';

/** A configuration without what is wrong with it; undefined where that cannot be told apart. */
export interface CheckedConfig {
  readonly config: Config | undefined;
  /** The names of its sources, of the wrong ones, too, but for what can be no name. */
  readonly sourceNames: readonly string[];
  readonly faults: readonly ConfigFault[];
}

/** The name of a configuration that is no file. */
const UNNAMED = 'configuration';

/** Where a configuration stands, and what was read for it beside its own file. */
interface Files extends Pick<Config, 'folder' | 'batches'> {
  /** As faults name it. */
  readonly file?: string;
  /** The names of its callers, in the order written. */
  readonly callers?: readonly string[];
}

/**
 * Checks a configuration of these kinds of store, of which no option names a file, `${NAME}` filled in from
 * `env`. Throws ConfigError with every fault. Without `files` its saved batches are all written out.
 */
export function parseConfig(
  raw: unknown,
  env: Env,
  adapters: Adapters,
  files: Files = { folder: '.', batches: writtenOut(raw) },
): Config {
  return rightOf(checkFilled(fillIn(raw, env), adapters, files));
}

/** A configuration in which nothing is wrong. Throws ConfigError with every fault. */
export function rightOf({ config, faults }: CheckedConfig): Config {
  if (!config || faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** The same, for whoever goes on with what is right, where options may name files, which are read. */
export async function checkConfig(
  raw: unknown,
  env: Env,
  adapters: Adapters,
  files: Files = { folder: '.', batches: writtenOut(raw) },
): Promise<CheckedConfig> {
  const filledIn = fillIn(raw, env);
  await readNamed(filledIn.value, adapters, files.folder);
  return checkFilled(filledIn, adapters, files);
}

function fillIn(raw: unknown, env: Env): FilledIn {
  return fill(outlined(raw), env, ['server', 'sources']);
}

function checkFilled(
  { value, whole, origins, faults: fillFaults }: FilledIn,
  adapters: Adapters,
  { callers: callerNames = callersIn(value), file = UNNAMED, ...files }: Files,
): CheckedConfig {
  const schema = configSchema(adapters);
  const checked = checkConverted(schema, value, whole);
  const batchNames = files.batches.map(({ name }) => name).filter(isName);
  const faults = distinct([
    ...fillFaults,
    ...[...elsewhere(fillFaults, checked.faults), ...portFaults(value), ...callerFaults(value, batchNames)].map(
      (fault) => withOrigin(fault, origins),
    ),
  ]);
  const data = faults.length === 0 ? checked.data : checkSchema(schema, without(value, faults)).data;
  const faultyPaths = new Set(faults.map(({ path }) => path));
  const batches = files.batches.filter(({ name }) => !faultyPaths.has(`batches.${name}`));
  const callers = data?.callers && inOrder(data.callers, callerNames);
  return {
    config: data && { ...data, ...files, batches, callers },
    sourceNames: keysThatAreNames(fieldsOf(value)['sources']),
    faults: faults.map(isObject(value) ? located(file) : (fault) => ({ ...fault, path: file })),
  };
}

/** Checks it, and again where a filled-in text was meant for another type. */
function checkConverted(schema: ReturnType<typeof configSchema>, value: unknown, whole: ReadonlySet<string>) {
  const asTexts = checkSchema(schema, value);
  return convert(value, whole, asTexts.faults) ? checkSchema(schema, value) : asTexts;
}

/** Without those at places that could not be filled in: they are told already. */
function elsewhere(unfilled: readonly ConfigFault[], faults: readonly SchemaFault[]): readonly ConfigFault[] {
  const known = new Set(unfilled.map(({ path }) => path));
  return faults
    .map(({ path, detail }) => ({ path: toPath(path), detail: withMeant(String(path.at(-1)), detail) }))
    .filter(({ path }) => !known.has(path));
}

/** With the variables that a wrong value came from, never what they hold. */
function withOrigin({ path, detail }: ConfigFault, origins: FilledIn['origins']): ConfigFault {
  const origin = origins.get(path);
  return { path, detail: origin === undefined ? detail : `${detail} (${origin})` };
}

/** The callers in the order in which they are written: keys of an object may have another one. */
function inOrder(callers: Readonly<Record<string, CallerConfig>>, names: readonly string[]): Config['callers'] {
  return new Map(names.map((name) => [name, callers[name] as CallerConfig]));
}

/** What is wrong with a saved batch as it stands here is told with the file, as all else of it is. */
function located(file: string): (fault: ConfigFault) => ConfigFault {
  return (fault) => (fault.path.startsWith('batches.') ? { ...fault, path: `${file}: ${fault.path}` } : fault);
}

/** With saved batches that are empty: what they say is read from their texts. */
function outlined(raw: unknown): unknown {
  const { batches, ...parts } = fieldsOf(raw);
  if (!isObject(batches)) return raw;
  const empty = Object.entries(batches).map(([name, batch]) => [name, isObject(batch) ? {} : batch] as const);
  return { ...parts, batches: Object.fromEntries(empty) };
}

/**
 * A port that is written out may not be that of metrics, too. One that is not may be another by the command
 * line or the environment, and is compared where the service is to listen.
 */
function portFaults(value: unknown): readonly ConfigFault[] {
  const { port, metricsPort } = fieldsOf(fieldsOf(value)['server']);
  if (typeof port !== 'number' || port === 0 || port !== metricsPort) return [];
  return [{ path: 'server.metricsPort', detail: 'another port than server.port is allowed here' }];
}

/**
 * Without each source, and each other part, in which something is wrong. Of the limits the others count: they
 * decide what is wrong with saved batches. One that is wrong itself lets them have all that it could.
 */
function without(value: unknown, faults: readonly ConfigFault[]): unknown {
  const { sources, limits, ...parts } = fieldsOf(value);
  const right = (at: string, data: unknown): object =>
    Object.fromEntries(
      Object.entries(fieldsOf(data)).filter(
        ([name]) => !faults.some(({ path }) => `${path}.`.startsWith(`${at}${name}.`)),
      ),
    );
  const loose = Object.entries(LOOSEST).filter(([name]) => Object.hasOwn(fieldsOf(limits), name));
  return {
    ...right('', parts),
    sources: right('sources.', sources),
    limits: { ...Object.fromEntries(loose), ...right('limits.', limits) },
  };
}

function callersIn(raw: unknown): readonly string[] {
  return Object.keys(fieldsOf(fieldsOf(raw)['callers']));
}

function writtenOut(raw: unknown): Config['batches'] {
  const { batches } = fieldsOf(raw);
  return Object.entries(isObject(batches) ? batches : {}).map(([name, batch]) =>
    batchText(name, UNNAMED, () => batch as unknown),
  );
}

/** Puts the files that options of the server and of sources name in the place of their names. */
async function readNamed(value: unknown, adapters: Adapters, folder: string): Promise<void> {
  const { server, sources } = fieldsOf(value);
  await readEach(fieldsOf(fieldsOf(server)['tls']), ['cert', 'key'], folder);
  for (const source of Object.values(fieldsOf(sources))) {
    const options = fieldsOf(source);
    const kind = String(options['adapter']);
    const { files = [] } = Object.hasOwn(adapters, kind) ? adapters[kind]! : {};
    await readEach(options, files, folder);
  }
}

async function readEach(options: Record<string, unknown>, names: readonly string[], folder: string): Promise<void> {
  for (const name of names)
    if (typeof options[name] === 'string') options[name] = await readOption(resolve(folder, options[name]));
}

/**
 * Where something else than a text is needed and a whole `${…}` was filled in, its text is read as a number
 * or a boolean. The place decides, not the text: a password of digits stays a password. True if anything
 * changed.
 */
function convert(value: unknown, whole: ReadonlySet<string>, faults: readonly SchemaFault[]): boolean {
  let changed = false;
  for (const { path, isMistyped } of faults) {
    if (!isMistyped || !whole.has(toPath(path))) continue;
    const parent = path
      .slice(0, -1)
      .reduce((node, key) => (node as Record<PropertyKey, unknown>)[key], value) as Record<PropertyKey, unknown>;
    const key = path.at(-1)!;
    const text = String(parent[key]);
    if (/^(?:true|false)$/.test(text)) parent[key] = text === 'true';
    else if (/^-?\d+(?:\.\d+)?$/.test(text)) parent[key] = Number(text);
    else continue;
    changed = true;
  }
  return changed;
}

/** A value that breaks two rules of one kind is told of once. */
function distinct(faults: readonly ConfigFault[]): ConfigFault[] {
  return [...new Map(faults.map((fault) => [`${fault.path}: ${fault.detail}`, fault])).values()];
}
