import { abortReason, type CodapError } from '../../errors.ts';
import { untilAborted } from '../../store/signals.ts';
import { endingBy, type Steps } from '../../budget/work.ts';
import type { Planned } from '../plan/node.ts';
import { claimAt } from './claim.ts';
import type { MemberTrace } from './member-trace.ts';
import { findOverdue, type Open, type Outcomes } from './overdue.ts';
import { memberOf, viewOf } from './reference-target.ts';
import { follow, NOT_FOUND } from '../../json/pointer.ts';
import type { Reference } from '../template/reference.ts';
import { replyWithout } from './reply-without.ts';
import type { Reply } from './reply.ts';
import { below, resolve, type Outcome } from './resolve.ts';
import type { Patience, Scope } from './scope.ts';

/** Who waits, and for how long. */
export interface Waiting {
  readonly patience: Patience;
  /** Where the batch is traced: hears when what is waited for is there. */
  readonly trace: MemberTrace | undefined;
}

/** Bytes of memory that one member of a list takes, whatever it is. */
const PLACE = 8;

/**
 * Reads references into `values`, at once where nothing has to be waited for; answers the reply of whoever
 * needs them if one of them cannot be had.
 */
export function readReferences(
  references: readonly Reference[],
  nullable: boolean,
  scope: Scope,
  waiting: Waiting,
  values: Map<Reference, unknown>,
): Reply | undefined | Promise<Reply | undefined> {
  if (references.length === 0) return undefined;
  const outcomes = outcomesOf(references, scope, waiting);
  return outcomes instanceof Promise
    ? takeOnceThere(references, outcomes, nullable, scope, values)
    : take(references, outcomes, nullable, scope, values);
}

function take(
  references: readonly Reference[],
  outcomes: Outcomes,
  nullable: boolean,
  scope: Scope,
  values: Map<Reference, unknown>,
): Reply | undefined {
  const missing: [Reference, Outcome][] = [];
  for (const [place, reference] of references.entries()) {
    const outcome = outcomes[place] as Outcome;
    if (outcome.is === 'value') values.set(reference, counted(outcome.value, reference, scope));
    else if (outcome.is === 'nowhere' && nullable) values.set(reference, null);
    else missing.push([reference, outcome]);
  }
  return missing.length > 0 ? replyWithout(missing, scope) : undefined;
}

async function takeOnceThere(
  references: readonly Reference[],
  coming: Promise<Outcomes>,
  nullable: boolean,
  scope: Scope,
  values: Map<Reference, unknown>,
): Promise<Reply | undefined> {
  return take(references, await coming, nullable, scope, values);
}

/** Reads what a query or group needs to run, and then what its value is made anew with. */
export function readToRun(
  { referencesToRun, referencesToReshape }: Planned,
  scope: Scope,
  waiting: Waiting,
  values: Map<Reference, unknown>,
): ReturnType<typeof readReferences> {
  const reading = readReferences(referencesToRun, false, scope, waiting, values);
  if (referencesToReshape.length === 0) return reading;
  const toReshape = (): typeof reading => readReferences(referencesToReshape, true, scope, waiting, values);
  return reading instanceof Promise ? reading.then((ended) => ended ?? toReshape()) : (reading ?? toReshape());
}

/** A list that `*` gathered is a copy that counts: for each member the place it takes in memory. */
export function counted(value: unknown, { steps }: Reference, { batch }: Scope): unknown {
  if (Array.isArray(value) && steps.includes('*')) batch.takeBytes(PLACE * value.length);
  return value;
}

/** What a reference comes to. */
export async function waitFor(reference: Reference, scope: Scope, waiting: Waiting): Promise<Outcome> {
  const [outcome] = await outcomesOf([reference], scope, waiting);
  return outcome as Outcome;
}

/** The same of many, with one look at the deadline for all of them: a query may have very many. */
function outcomesOf(references: readonly Reference[], scope: Scope, waiting: Waiting): Outcomes | Promise<Outcomes> {
  const { patience, trace } = waiting;
  trace?.wait();
  if (patience.signal.aborted) throw patience.signal.reason;
  const outcomes: Outcomes = [];
  const steps = endingBy(findPresent(references, scope, outcomes), patience.deadline);
  const finding = scope.batch.work.do(steps, scope.ended);
  if (finding instanceof Promise || finding.length > 0)
    return waitForOpen(finding, references, outcomes, scope, waiting);
  trace?.ready(lastEnd(references, scope));
  return outcomes;
}

/**
 * Adds what those references come to that name what still runs. Where a deadline passes first, what they name
 * says whether it has failed by that, too: it may be there, and only be read yet, or have more time.
 */
async function waitForOpen(
  present: Open[] | Promise<Open[]>,
  references: readonly Reference[],
  outcomes: Outcomes,
  scope: Scope,
  { patience: { signal, deadline }, trace }: Waiting,
): Promise<Outcomes> {
  const open = await present;
  const looking = { work: scope.batch.work, signal, deadline };
  let read = 0;
  let tooLate: CodapError | undefined;
  // One after the other: where very many name very many, each that comes would wake all who wait for it.
  const readAll = async (): Promise<void> => {
    for (const { reference, place, member, steps } of open) {
      outcomes[place] = await resolve(member, steps, { ...looking, view: viewOf(reference) });
      read += 1;
    }
  };
  if (open.length > 0)
    await untilAborted(signal, readAll).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      const reason = abortReason(signal);
      if (reason.code === 'CANCELLED') throw reason;
      tooLate = reason;
    });
  // What was not there in time is never waited for any more.
  if (trace && !signal.aborted) trace.ready(open.length > 0 ? performance.now() : lastEnd(references, scope));
  if (!tooLate) return outcomes;
  await findOverdue(open.slice(read), outcomes, tooLate, scope);
  return outcomes;
}

/** When the last of what references name had come to be: an instant, where the batch is traced. */
function lastEnd(references: readonly Reference[], scope: Scope): number {
  let last = 0;
  for (const { target } of references)
    if (target?.from === 'result') last = Math.max(last, memberOf(target, scope).trace?.ended ?? 0);
  return last;
}

/** Finds what is there already; answers the references that have to be waited for. */
function* findPresent(references: readonly Reference[], scope: Scope, outcomes: Outcomes): Steps<Open[]> {
  const { work } = scope.batch;
  const open: Open[] = [];
  let place = -1;
  for (const reference of references) {
    if (work.tick()) yield;
    place += 1;
    const { target } = reference;
    if (target?.from === 'result') {
      const { steps } = target;
      const member = memberOf(target, scope);
      if (!member.settled) open.push({ reference, place, member, steps });
      else outcomes[place] = yield* below(member.settled, steps, member, viewOf(reference), work);
    } else if (target?.from === 'caller') {
      const value = yield* claimAt(scope.batch.options.caller.claims, reference.steps, work);
      outcomes[place] = { is: 'value', value };
    } else {
      const from = target ? given(target.from, scope) : undefined;
      const there = from ? yield* follow(from.value, reference.steps, work) : NOT_FOUND;
      outcomes[place] = there.found ? { is: 'value', value: there.value } : { is: 'nowhere' };
    }
  }
  return open;
}

/** What a reference looks into that names no query. */
function given(from: 'item' | 'params', { item, batch: { options } }: Scope): Scope['item'] {
  return from === 'item' ? item : { value: options.params ?? {} };
}
