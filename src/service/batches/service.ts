import type { FastifyBaseLogger } from 'fastify';
import type { PlansOfLate } from '../../batch/plan/plans-of-late.ts';
import type { Memory } from '../../budget/memory.ts';
import type { Grant } from '../../callers/known-caller.ts';
import type { Config } from '../../config/load.ts';
import type { Spans } from '../../observe/spans.ts';
import type { SavedBatch } from '../../saved/saved-batch.ts';
import type { Source } from '../../sources/open.ts';

/** What the routes of batches answer from. */
export interface Service {
  readonly config: Config;
  /** The sources that a caller may name. */
  readonly sourcesFor: (caller: Grant) => ReadonlyMap<string, Source>;
  /** Of the batches that stand in a body. */
  readonly plans: PlansOfLate;
  /** The saved batches that a caller may run. */
  readonly savedFor: (caller: Grant) => ReadonlyMap<string, SavedBatch>;
  /** Whether callers are told apart. */
  readonly knowsCallers: boolean;
  /** What the process may hold of bodies and answers under way. */
  readonly memory: Memory;
  /** Calls back, with the reason, when an answer under way has to end; what it returns takes that back. */
  readonly whenCut: (end: (why: string) => void) => () => void;
  /** Where traces are exported. */
  readonly spans?: Spans | undefined;
  /** Takes a line of each batch. */
  readonly log: Pick<FastifyBaseLogger, 'info'>;
}
