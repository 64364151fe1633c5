import type { z } from 'zod';
import type { CallSpan } from '../src/store/call-trace.ts';
import type { Caller, Context, Fetch, Query } from '../src/store/fetch.ts';
import type { Payload, Value } from '../src/store/payload.ts';

/**
 * Reports what is wrong with a param: where it stands below `params`, and what is allowed. It repeats no
 * value of the request. It throws once nothing more is to be told.
 */
export type ReportFault = (path: readonly (string | number)[], detail: string) => void;

/** One operation: what its params may say, and how its answer can be taken other than gathered. */
export interface Op {
  /** Shape of the params. A position where a reference may stand is wrapped in `fillable()`. */
  readonly params: z.ZodType;
  /** `items`: may be read item by item; `body`: its bytes may be passed through. */
  readonly streams?: 'items' | 'body';
  /** Its value is one thing, never a list. */
  readonly single?: true;
  /** Codap answers it by itself: it says nothing of the store, costs it nothing, and is not kept. */
  readonly local?: true;
  /**
   * The most that these params may be where the answer is gathered. Read item by item, it has no such bound.
   */
  readonly gathered?: Readonly<Record<string, number>>;
}

/**
 * A kind of datastore: what its configuration and its queries may say, how to open one, and whatever else is
 * known of this kind alone.
 */
export interface Adapter<Options = unknown> {
  /** Its part of a source's configuration. docs/configuration.md names every field. */
  readonly options: z.ZodObject;
  /** Options that name a file: a relative one is meant from the folder of the configuration's file. */
  readonly files?: readonly string[];
  readonly ops: Readonly<Record<string, Op>>;
  /** What a source has unless its configuration says otherwise. */
  readonly defaults: {
    /** Calls under way at a time. */
    readonly concurrency: number;
  };
  /** Params in which `{"$meta": name}` is the store's own word, where its name is no pointer. */
  readonly ownMeta?: readonly string[];
  /** How a query writes values that JSON has no type for: sentences that an agent is told before it asks. */
  readonly notation?: string | undefined;
  /** What of a source's options nobody may read, such as a password: it is masked in the log. */
  secrets(options: Options): readonly string[];
  /** What of a source's options comes at a price that its operator should know, if anything. */
  warnings?(options: Options): readonly string[];
  /** A query that a source with these options takes, for the description of the interface. */
  example(options: Options): Example;
  /** Names, lower-case, of the caller's headers that a source passes on; none, unless it says otherwise. */
  forwards?(options: Options): readonly string[];
  /**
   * What an op's params may say where options narrow that: the same schema for all sources that do so alike.
   * The op's own, unless it says otherwise.
   */
  params?(op: string, options: Options): z.ZodType;
  /** The same with what a source's own options name, such as its collections. */
  ownParams?(op: string, options: Options): z.ZodType;
  /** Whether a source's own options allow an op; all of them, unless it says otherwise. */
  allows?(op: string, options: Options): boolean;
  /**
   * Checks params that fit their schema against this source, and makes of them what `fetch` takes: equal data
   * of equal queries. Called while planning, with a Placeholder wherever a reference stands, and again before
   * running, with a Filled in each one's place, so one walk serves both. What is made while planning keeps
   * each Placeholder where its value will stand. Faults go to `fault`; after one the result is not used.
   */
  compile(op: string, params: Record<string, unknown>, options: Options, fault: ReportFault): unknown;
  /**
   * What `fetch` would do for a query of this caller, of whom it knows no more than `fetch` would. The query
   * may be planned alone: each Placeholder in its params is told where it stands. Names no host and no
   * credential; of what the configuration or the caller adds it tells that it is there (`ADDED`).
   */
  describe(query: Query, options: Options, caller: Caller): Description;
  /**
   * A call as a span of a trace that is exported; named after its op, unless it says otherwise. No value of
   * the query stands in it, unless `withValues`; then such a text has at most `MOST_STATEMENT` characters.
   */
  spanOf?(query: Query, options: Options, withValues: boolean): CallSpan;
  /**
   * Opens a source, and loads its driver, if that is large: who has no such source needs none. Never waits
   * for the store: one that is down fails its queries, not the service.
   */
  open(options: Options): Promise<Connection>;
}

/** What a query does, in data with the typed leaves of `src/json/leaf.ts` and Placeholders. */
export interface Description {
  /** What the store is sent, but for what its protocol or driver adds to every request. */
  readonly request: object;
  /** That nothing is sent: codap answers by itself, with what it makes of this request. */
  readonly sent?: false;
  /** The most that its answer may be, by what holds it to that: a number, or a reference to one. */
  readonly bound: Readonly<Record<string, unknown>>;
}

/** Stands for the value of a header that the configuration or the caller adds: it may be a credential. */
export const ADDED = { configured: '[configured]', forwarded: '[forwarded]' } as const;
/** Characters of a query's values in a span. */
export const MOST_STATEMENT = 2048;

/** A query as an example. */
export interface Example {
  readonly op: string;
  readonly params: object;
}

/** Kinds of datastore, by the name that a configuration gives them. */
export type Adapters = Readonly<Record<string, Adapter>>;

/** A read of one thing by its key, which may be asked together with others. */
export interface Point {
  /** What all have in common that may be asked together. */
  readonly group: string;
  /** At most so many of the group are. */
  readonly most: number;
  /** Characters that it adds to the one query, and the most that all together may add. */
  readonly chars: number;
  readonly mostChars: number;
}

/** How many point reads become one query, and its answer one for each of them. */
export interface Merger<P extends Point = Point> {
  /** What a query asks for, if it is a point read; undefined for one that is asked alone. */
  pointOf(query: Query, caller: Caller): P | undefined;
  /** The one query for points of one group. */
  merged(points: readonly P[]): Query;
  /** Takes the answer apart. Throws CodapError where that fails them all. */
  split(answer: Payload, points: readonly P[]): Parts<P>;
}

/** What each point's own query would have been answered. */
export interface Parts<P extends Point = Point> {
  /**
   * One point's part of an answer, held in the name of its context; undefined where this answer does not tell
   * it: one to fewer points may, its own query does. Throws CodapError for what fails that one alone.
   */
  of(point: P, context: Context): Value | Promise<Value> | undefined;
}

/** Asks the store through the layers of its source, in nobody's name, for what `fetch` takes. */
export type Ask = (query: Query) => Promise<Payload>;

/** An open source. */
export interface Connection extends AsyncDisposable {
  /** Its query's params are what `compile` made. */
  readonly fetch: Fetch;
  /**
   * The query for the part of a body from byte `first` to `last`, or to its end, if it is still the one with
   * this entity tag; undefined where that body cannot be asked for in parts.
   */
  part?(query: Query, first: number, last?: number, etag?: string): Query | undefined;
  /**
   * Whether what this caller is answered may be kept, and is for others who ask the same; it may, unless this
   * says otherwise, as of a condition, whose answer is for whoever set it. The query may be planned alone.
   */
  keeps?(query: Query, caller: Caller): boolean;
  /**
   * The query for the same answer unless it is still the one with this entity tag, which the answer then says
   * as `isUnchanged`; undefined where that cannot be asked.
   */
  revalidate?(query: Query, etag: string): Query | undefined;
  /** How reads of single things are asked together; without it each is asked alone. */
  readonly merger?: Merger | undefined;
  /**
   * What is in the store, as JSON: names, types and how many there are, but no value of what is kept there.
   * It costs the store little, however much it holds. Undefined where nothing can be told.
   */
  readonly contents?: ((ask: Ask) => Promise<object>) | undefined;
  /**
   * Resolves when the store answers, to the status of an answer by which queries are likely to fail, where
   * there is one; rejects with CodapError.
   */
  ping(signal: AbortSignal): Promise<number | void>;
}
