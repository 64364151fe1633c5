import { abortReason, CodapError } from '../errors.ts';
import { untilAborted } from '../until-aborted.ts';
import { Live } from './live.ts';
import type { Node } from './node.ts';
import type { Reference } from './reference.ts';
import type { Reply } from './reply.ts';
import { META, resolve, VALUE, type Found } from './resolve.ts';
import type { Scope } from './run.ts';
import { TypedValue } from './typed-value.ts';

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
  const founds = new Map<Reference, Found>();
  const finding = references.map(async (reference) => {
    founds.set(reference, await find(reference, scope, patience));
  });
  let late: Found = { is: 'nowhere' };
  await untilAborted(patience, () => Promise.all(finding)).catch((error: unknown) => {
    if (!patience.aborted) throw error;
    const reason = abortReason(patience);
    if (reason.code === 'CANCELLED') throw reason;
    late = { is: 'failed', error: reason };
  });
  return references.map((reference) => founds.get(reference) ?? late);
}

async function find(reference: Reference, scope: Scope, patience: AbortSignal): Promise<Found> {
  const { target } = reference;
  if (target?.from === 'result') {
    let group = scope.group;
    for (let up = 0; up < target.up; up += 1) group = group?.parent;
    const live = group?.lives[target.member];
    if (live) return resolve(live, target.steps, patience, reference.word === '$meta' ? META : VALUE);
  }
  return scope.item ? resolve(itemLive(scope.item.value), reference.steps, patience, VALUE) : { is: 'nowhere' };
}

/** An item of a forEach, as something that steps can lead into. */
function itemLive(value: unknown): Live {
  const live = new Live({} as Node, [], false);
  live.settle({ status: 'ok', value: new TypedValue(value) });
  return live;
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
