import type { Caller, Query } from '../store/fetch.ts';
import type { LayerContext, LayerFetch } from './layer-context.ts';
import type { Payload } from '../store/payload.ts';

/** What a layer holds a query to, by name: milliseconds, or how many. */
export type Bounds = Readonly<Record<string, number>>;

/** What a layer counts at the moment, by name. */
export type State<Name extends string = string> = Readonly<Record<Name, number>>;

/** What those layers count that tell it, by the layer's name. */
export interface States {
  readonly cache: State<'hit' | 'stale' | 'miss' | 'bytes' | 'entries'>;
  readonly coalesce: State<'coalesced'>;
  readonly merge: State<'merged'>;
  readonly retry: State<'retries'>;
  readonly hedge: State<'hedges'>;
  readonly breaker: State<'open'>;
  readonly rate: State<'queued'>;
  readonly limit: State<'running' | 'queued' | 'limit'>;
}

/** A layer around a LayerFetch, such as a time-out or a limit, and what can be said of it. */
export interface Layer {
  readonly name: string;
  wrap(next: LayerFetch): LayerFetch;
  /**
   * What it holds a query of this caller, as the source sees them, to beside the query's own bounds;
   * undefined where it does nothing for this one. It is asked of planned queries too, in whose params a
   * Placeholder stands for what is not yet known.
   */
  bounds?(query: Query, caller: Caller): Bounds | undefined;
  /** How it stands at the moment. */
  state?(): State;
  /** Lets go of what it has open, after the source's last query. */
  dispose?(): Promise<void>;
}

/** A layer that tells how it stands. */
export interface CountingLayer<Name extends keyof States> extends Layer {
  readonly name: Name;
  state(): States[Name];
}

/** Stacks layers over a fetch; the first one sees a query first. */
export function stack(fetch: LayerFetch, layers: readonly Layer[]): LayerFetch {
  return layers.reduceRight((next, layer) => layer.wrap(next), fetch);
}

/** Asks what is below: what that throws at once is a rejection, too. */
export function ask(next: LayerFetch, query: Query, context: LayerContext): Promise<Payload> {
  try {
    return next(query, context);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The layer for all ops but these, which pass it by. */
export function allBut(ops: ReadonlySet<string>, layer: Layer): Layer {
  if (ops.size === 0) return layer;
  return {
    ...layer,
    bounds: (query, caller) => (ops.has(query.op) ? undefined : layer.bounds?.(query, caller)),
    wrap(next) {
      const wrapped = layer.wrap(next);
      return (query, context) => (ops.has(query.op) ? next : wrapped)(query, context);
    },
  };
}

/** How those layers stand that tell it, by their names. */
export function statesOf(layers: readonly Layer[]): Partial<States> {
  return Object.fromEntries(layers.flatMap((layer) => (layer.state ? [[layer.name, layer.state()]] : [])));
}
