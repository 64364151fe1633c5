import { abortReason, CodapError } from '../../errors.ts';
import { untilAborted } from '../../store/until-aborted.ts';
import type { Steps } from '../../budget/work.ts';
import type { GroupRun } from './scope.ts';
import type { Live } from './live.ts';
import { follow } from '../../json/pointer.ts';
import type { Reference, Target } from '../plan/reference.ts';
import type { Reply } from './reply.ts';
import { below, META, resolve, VALUE, type Found, type View } from './resolve.ts';
import type { Scope } from './scope.ts';

/** Bytes of memory that one member of a list takes, whatever it is. */
const PLACE = 8;

/** Reads references into `values`; answers a skipped reply if one of them cannot be had. */
export async function read(
  references: readonly Reference[],
  nullable: boolean,
  scope: Scope,
  patience: AbortSignal,
  values: Map<Reference, unknown>,
): Promise<Reply | undefined> {
  const plain = references.filter((reference) => reference.word !== '$join');
  if (plain.length === 0) return undefined;
  const founds = await waitForAll(plain, scope, patience);
  const missing: [Reference, Found][] = [];
  for (const [index, reference] of plain.entries()) {
    const found = founds[index] as Found;
    if (found.is === 'value') values.set(reference, counted(found.value, reference, scope));
    else if (found.is === 'nowhere' && nullable) values.set(reference, null);
    else missing.push([reference, found]);
  }
  return missing.length > 0 ? skippedBy(missing) : undefined;
}

/** A list that `*` gathered is a copy that counts: for each member the place it takes in memory. */
export function counted(value: unknown, { steps }: Reference, { batch }: Scope): unknown {
  if (Array.isArray(value) && steps.includes('*')) batch.takeBytes(PLACE * value.length);
  return value;
}

/** What a reference comes to. Where a deadline passes first, what it names has failed. */
export async function waitFor(reference: Reference, scope: Scope, patience: AbortSignal): Promise<Found> {
  const [found] = await waitForAll([reference], scope, patience);
  return found as Found;
}

/** The same of many, with one look at the deadline for all of them: a query may have very many. */
async function waitForAll(
  references: readonly Reference[],
  scope: Scope,
  patience: AbortSignal,
): Promise<readonly Found[]> {
  if (patience.aborted) throw patience.reason;
  const { work } = scope.batch;
  const founds = new Map<Reference, Found>();
  const open = await work.do(findAll(references, scope, founds));
  let late: Found = { is: 'nowhere' };
  if (open.length > 0) {
    const finding = async ({ reference, live, steps }: Open): Promise<void> => {
      founds.set(reference, await resolve(live, steps, { view: viewOf(reference), work, signal: patience }));
    };
    await untilAborted(patience, () => Promise.all(open.map(finding))).catch((error: unknown) => {
      if (!patience.aborted) throw error;
      const reason = abortReason(patience);
      if (reason.code === 'CANCELLED') throw reason;
      late = { is: 'failed', error: reason };
    });
  }
  return references.map((reference) => founds.get(reference) ?? late);
}

/** A reference to what still runs. */
interface Open {
  readonly reference: Reference;
  readonly live: Live;
  readonly steps: readonly string[];
}

/** Finds what is there already; answers the references that have to be waited for. */
function* findAll(references: readonly Reference[], scope: Scope, founds: Map<Reference, Found>): Steps<Open[]> {
  const { work } = scope.batch;
  const open: Open[] = [];
  for (const reference of references) {
    if (work.tick()) yield;
    const { target } = reference;
    if (target?.from === 'result') {
      const { steps } = target;
      const live = liveOf(target, scope);
      if (!live.settled) open.push({ reference, live, steps });
      else founds.set(reference, yield* below(live.settled, steps, live, viewOf(reference), work));
    } else {
      const there = scope.item ? yield* follow(scope.item.value, reference.steps, work) : { found: false as const };
      founds.set(reference, there.found ? { is: 'value', value: there.value } : { is: 'nowhere' });
    }
  }
  return open;
}

function liveOf({ up, member }: Extract<Target, { from: 'result' }>, scope: Scope): Live {
  let group = scope.group as GroupRun;
  for (let level = 0; level < up; level += 1) group = group.parent as GroupRun;
  return group.lives[member] as Live;
}

function viewOf({ word }: Reference): View {
  return word === '$meta' ? META : VALUE;
}

/** A reply that is skipped for what could not be had: without an error if that was skipped by choice. */
export function skippedBy(missing: readonly [Reference, Found][]): Reply {
  const failures = missing.filter(([, found]) => found.is !== 'skipped');
  if (failures.length === 0) return { status: 'skipped' };
  const dependsOn = [...new Set(failures.flatMap(([{ target }]) => (target?.from === 'result' ? target.name : [])))];
  const known = dependsOn.length > 0 ? { dependsOn } : {};
  const cause = failures
    .map(([, found]) => (found.is === 'failed' ? found.error : undefined))
    .find((error) => error !== undefined);
  const error = cause
    ? new CodapError('DEPENDENCY_FAILED', 'a query that this one refers to failed', {
        ...known,
        retryable: cause.retryable,
        http: cause.http,
      })
    : new CodapError('DEPENDENCY_FAILED', 'a reference leads nowhere', known);
  return { status: 'skipped', error };
}
