import { CodapError } from '../../errors.ts';
import type { Reference } from '../template/reference.ts';
import type { Reply } from './reply.ts';
import type { Outcome } from './resolve.ts';
import type { Scope } from './scope.ts';
import { failure } from './settle.ts';

/**
 * The reply of what could not have all that it refers to: skipped, without an error if that was skipped by
 * choice; failed where its own time was over before that had come to anything.
 */
export function replyWithout(missing: readonly [Reference, Outcome][], scope: Scope): Reply {
  const failures = missing.filter(([, { is }]) => is === 'failed' || is === 'nowhere');
  const [[first] = []] = failures;
  if (!first) {
    const late = missing.filter(([, { is }]) => is === 'late');
    const [[, outcome] = []] = late;
    if (outcome?.is !== 'late') return { status: 'skipped' };
    return failure(outcome.error.waitingFor(namesIn(late)), performance.now());
  }
  const dependsOn = namesIn(failures);
  const known = dependsOn.length > 0 ? { dependsOn } : {};
  const cause = failures
    .map(([, outcome]) => (outcome.is === 'failed' ? outcome.error : undefined))
    .find((error) => error !== undefined);
  const error = cause
    ? new CodapError('DEPENDENCY_FAILED', 'a query that this one refers to failed', {
        ...known,
        retryable: cause.retryable,
        http: cause.http,
        retryAfterMs: cause.retryAfterMs,
      })
    : new CodapError('DEPENDENCY_FAILED', `a reference leads nowhere${toldOf(first, scope)}`, known);
  return { status: 'skipped', error };
}

/** The names of the queries that these refer to, each once. */
function namesIn(missing: readonly [Reference, Outcome][]): string[] {
  return [...new Set(missing.flatMap(([{ target }]) => (target?.from === 'result' ? target.name : [])))];
}

/** What who asks has written; of a saved batch that is its parameters alone. */
function toldOf(reference: Reference, { batch: { options } }: Scope): string {
  return options.params === undefined || reference.word === '$param' ? `: ${reference.told}` : '';
}
