import type { Steps, Work } from '../../budget/work.ts';
import { CodapError } from '../../errors.ts';
import { entriesOf, put } from '../../json/members.ts';
import { follow } from '../../json/pointer.ts';
import { isContainer } from '../../json/size.ts';

/**
 * What a pointer leads to in the claims of who asks. A claim that is null is one that is not there (OpenID
 * Connect Core 1.0 §5.3.2): a store may find with null what belongs to nobody. In one that is a list or an
 * object, what is null is left out. Throws FORBIDDEN, wherever it was to be looked at.
 */
export function* claimAt(claims: object = {}, steps: readonly string[], work: Work): Steps<unknown> {
  const there = yield* follow(claims, steps, work);
  if (!there.found || there.value === null)
    throw new CodapError('FORBIDDEN', 'what this query needs to know of its caller is not known', { http: 403 });
  return yield* withoutNulls(there.value, work);
}

function* withoutNulls(value: unknown, work: Work): Steps<unknown> {
  if (!isContainer(value)) return value;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    for (const member of value) {
      if (work.tick()) yield;
      if (member !== null) list.push(yield* withoutNulls(member, work));
    }
    return list;
  }
  let kept: object = {};
  for (const [key, member] of entriesOf(value)) {
    if (work.tick()) yield;
    if (member !== null) kept = put(kept, key, yield* withoutNulls(member, work));
  }
  return kept;
}
