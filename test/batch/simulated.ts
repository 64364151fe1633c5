import { z } from 'zod';
import { BadRequest } from '../../src/json/fault-list.ts';
import { formatPointer } from '../../src/json/pointer.ts';
import type { Pattern } from '../../src/batch/plan/node.ts';
import { Answer } from '../../src/batch/run/answer.ts';
import type { BatchOptions, Params } from '../../src/batch/run/batch.ts';
import { BatchTrace } from '../../src/batch/run/batch-trace.ts';
import { isComplete } from '../../src/batch/run/reply.ts';
import { run, type Running } from '../../src/batch/run/run.ts';
import { TypedValue } from '../../src/store/typed-value.ts';
import type { Memory } from '../../src/budget/memory.ts';
import { atOnce } from '../../src/budget/work.ts';
import { answerText } from '../../src/encodings/reply-text.ts';
import { CodapError, type Code } from '../../src/errors.ts';
import { isLeaf } from '../../src/json/leaf.ts';
import type { Mode } from '../../src/json/typed-text.ts';
import { Filled, Placeholder } from '../../src/store/placeholder.ts';
import { callOf } from '../../src/sources/call.ts';
import { stack } from '../../src/sources/layer.ts';
import type { Fetch } from '../../src/store/fetch.ts';
import { attempt } from '../../src/sources/layers/attempt.ts';
import { timeout } from '../../src/sources/layers/timeout.ts';
import { DurationsBy } from '../../src/budget/durations.ts';
import type { Source } from '../../src/sources/open.ts';
import { unbounded } from '../unbounded.ts';
import { parseConfig } from '../configured.ts';
import { plan } from '../plan.ts';

/**
 * What a simulated query is told to do: answer `value` after `ms`, or fail with a code; `stall` never
 * answers.
 */
interface Told {
  readonly id?: string;
  readonly value?: unknown;
  readonly meta?: object;
  readonly mode?: Mode;
  readonly ms?: number;
  /** Turns of the event loop to wait before. */
  readonly turns?: number;
  readonly fail?: Code;
  readonly stall?: boolean;
}

/** A store without a store, which writes down what it was asked. */
export interface Simulation {
  readonly source: Source;
  readonly started: string[];
  readonly finished: string[];
  readonly aborted: string[];
}

/** A source `sim` with one op, `get`, whose params are what it is told to do. */
export function simulate(timeoutMs = 2000): Simulation {
  const started: string[] = [];
  const finished: string[] = [];
  const aborted: string[] = [];
  const layers = [timeout('sim'), attempt];
  const source: Source = {
    name: 'sim',
    adapter: 'sim',
    ops: ['get'],
    paramsOf: () => z.looseObject({}),
    ownParamsOf: () => z.looseObject({}),
    example: undefined,
    forwards: [],
    timeoutMs,
    mostFlowing: 100,
    prepare(op, params, fault) {
      if (op !== 'get') fault(['op'], 'allowed here: get');
      if ('refuse' in params) fault(['params', 'refuse'], 'not allowed');
      return bare(params);
    },
    describe: ({ params }) => ({ request: params as object, bound: {} }),
    layers,
    calls: new DurationsBy(),
    call: callOf(timeoutMs, [], stack(fetching({ started, finished, aborted }), layers)),
    ownMeta: [],
    streams: () => undefined,
    isSingle: () => false,
    retries: false,
    part: () => undefined,
    spanOf: ({ op }) => ({ name: op, attributes: {} }),
    ping: () => Promise.resolve(),
  };
  return { source, started, finished, aborted };
}

/** Does what a query is told, and writes down how that went. */
export function fetching({ started, finished, aborted }: Omit<Simulation, 'source'>): Fetch {
  return async (query, { signal }) => {
    const { id = '', value = null, meta, mode, ms = 0, turns = 0, fail, stall } = query.params as Told;
    started.push(id);
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    await new Promise<void>((resolve, reject) => {
      const timer = stall ? undefined : ms > 0 ? setTimeout(resolve, ms) : setImmediate(resolve);
      const abort = (): void => {
        clearTimeout(timer as NodeJS.Timeout);
        aborted.push(id);
        reject(signal.reason as Error);
      };
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort);
    });
    finished.push(id);
    if (fail) throw new CodapError(fail, 'told to fail');
    return new TypedValue(value, meta, mode);
  };
}

/** Params with what was filled in as it is. */
export function bare(value: unknown): unknown {
  if (value instanceof Filled) return value.value;
  if (value instanceof Placeholder || typeof value !== 'object' || value === null || isLeaf(value)) return value;
  if (value instanceof Map) return value;
  if (Array.isArray(value)) return value.map(bare);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, bare(member)]));
}

/** The limits of a configuration that says nothing. */
export const limits = parseConfig({ sources: {} }, {}).limits;

/** How a request is run; all have defaults. */
export interface Asking {
  readonly simulation?: Simulation;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly limits?: Partial<typeof limits>;
  /** Run as a saved batch, with these claims of who asks. */
  readonly claims?: object;
  readonly params?: Params;
  readonly memory?: Memory;
}

const NO_PARAMS = new Map<string, unknown>();

/** Starts a request on the simulated source. */
export function start(
  pattern: Pattern,
  body: object,
  { simulation = simulate(), timeoutMs, signal, limits: own, claims, params, memory }: Asking = {},
): Running {
  const all = { ...limits, ...own };
  const began = performance.now();
  const sources = new Map([['sim', simulation.source]]);
  const planned = plan(pattern, body, { sources, limits: all, params: claims && NO_PARAMS });
  const options: BatchOptions = {
    memory: memory ?? unbounded().memory,
    caller: { headers: {}, claims },
    deadline: performance.now() + (timeoutMs ?? planned.timeoutMs ?? 2000),
    timeoutMs: timeoutMs ?? planned.timeoutMs ?? 2000,
    signal: signal ?? new AbortController().signal,
    limits: all,
    params,
    failFast: planned.onError === 'fail',
    trace: planned.trace ? new BatchTrace(began) : undefined,
  };
  return run(planned, options, { wants: () => 'value' });
}

/**
 * The answer's body, `ms` and traces left out so that answers can be compared; or, of a batch that failed,
 * what decided it.
 */
export async function ask(pattern: Pattern, body: object, asking: Asking = {}): Promise<unknown> {
  return JSON.parse(await answer(pattern, body, asking), (key, value: unknown) =>
    key === 'ms' || key === 'trace' ? undefined : value,
  );
}

/** The same as it is written, with all that is in it. */
export async function answer(pattern: Pattern, body: object, asking: Asking = {}): Promise<string> {
  const running = start(pattern, body, asking);
  const { batch, root } = running;
  const { list } = await root.reply;
  if (batch.decidedBy)
    return JSON.stringify({
      failed: batch.decidedBy.error.code,
      path: formatPointer(batch.decidedBy.path),
      failures: batch.failures.length,
    });
  if (!list) throw new Error('the root has no members');
  const shape = 'shape' in body && body.shape === 'values' ? 'values' : 'replies';
  return atOnce(answerText(list, isComplete(list), shape, new Answer(running).traced)).toString();
}

/** One simulated query. */
export function q(
  told: Record<string, unknown> = {},
  modifiers: Record<string, unknown> = {},
): Record<string, unknown> {
  return { source: 'sim', op: 'get', params: told, ...modifiers };
}

/** The pointers of a request's faults, each with what is wrong there; none if it can be run. */
export function faults(
  pattern: Pattern,
  body: unknown,
  { simulation = simulate(), limits: own }: Asking = {},
): Record<string, string> {
  try {
    plan(pattern, body, { sources: new Map([['sim', simulation.source]]), limits: { ...limits, ...own } });
    return {};
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    return Object.fromEntries(error.errors.map(({ pointer, detail }) => [pointer, detail]));
  }
}
