import { CallSignal } from '../../ground/call-signal.ts';
import { CodapError, notNeeded } from '../../errors.ts';
import type { CallTrace } from '../../store/call-trace.ts';
import type { Query } from '../../store/fetch.ts';
import { whenAborted } from '../../ground/when-aborted.ts';
import type { QueryNode } from '../plan/node.ts';
import { Flow } from './flow.ts';
import type { Scope } from './scope.ts';

/** What else is known of an answer that is opened. */
export interface Opening {
  /** Of a body that is read in parts: aborts when that is closed. */
  readonly closed?: AbortSignal | undefined;
  /** The failure at which the part before it ended, or of an attempt before its turn. */
  readonly after?: CodapError | undefined;
  readonly trace?: CallTrace | undefined;
  /** By when it has to be open, however late its own time begins: an instant, `performance.now()` ms. */
  readonly openBy?: number | undefined;
}

/**
 * Opens a query's answer as a list or body that flows. Its first item or byte has the query's own time-out,
 * which is at most that of any group around it, from now on; the deadlines of these and of the batch, which
 * are for what is gathered, do not end it, but that nobody needs it any more does: the client leaves, the
 * batch fails, its group is decided.
 */
export async function openFlow(
  node: QueryNode,
  query: Query,
  { batch, ended, timeoutMs }: Scope,
  { closed, after, trace, openBy = Infinity }: Opening,
): Promise<Flow> {
  const { source } = node;
  const own = new CallSignal();
  // A part goes on with what is open already: a winner, too, when nobody needs what is still being opened.
  const over = closed ?? ended;
  const unlink = whenAborted(over, () => own.abort(over.reason));
  let flow: Flow | undefined;
  // Nobody may come to read what is open by now: it lets go of its store, and of its place, by itself.
  const unlinkEnded = whenAborted(batch.ended, () => {
    own.abort(batch.ended.reason);
    flow?.break(batch.ended.reason as CodapError);
  });
  const started = performance.now();
  try {
    const payload = await source.call(query, batch.who, {
      signal: own,
      started,
      timeoutMs: Math.min(node.timeoutMs ?? Infinity, timeoutMs),
      deadline: openBy,
      memory: batch.memory,
      work: batch.work,
      trace,
      resumedAfter: after,
    });
    if (payload.kind === 'value') throw new CodapError('INTERNAL', 'codap failed to open this answer');
    flow = new Flow(payload, source.name, batch.options.limits, (reason) => {
      unlinkEnded();
      own.abort(reason);
    });
    return flow;
  } catch (error) {
    unlinkEnded();
    own.abort(notNeeded());
    throw error;
  } finally {
    unlink();
    batch.timed(source.name, performance.now() - started);
  }
}
