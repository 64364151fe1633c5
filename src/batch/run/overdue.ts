import type { CodapError } from '../../errors.ts';
import { endOfTurn } from '../../ground/end-of-turn.ts';
import { atOnce, type Steps, type Work } from '../../budget/work.ts';
import type { Reference } from '../template/reference.ts';
import { outlives, viewOf } from './reference-target.ts';
import { overtaken, type Outcome } from './resolve.ts';
import type { RunningMember } from './running-member.ts';
import type { Scope } from './scope.ts';

/** What each of some references comes to, in their order; none of those that are still waited for. */
export type Outcomes = (Outcome | undefined)[];

/** A reference to what still runs. */
export interface Open {
  readonly reference: Reference;
  /** Where it stands among those that are waited for. */
  readonly place: number;
  readonly member: RunningMember;
  readonly steps: readonly string[];
}

/** So many references that were not read in time are looked at without a look at the clock. */
const FEW = 64;

/** What is there, and will not be read any more. */
const THERE: Outcome = { is: 'value', value: undefined };

/**
 * Adds what those come to that were not read in time, by what they name: it may have failed by that, too, be
 * there and only be read yet, or have more time. Rejects with TIMEOUT where very many take too long.
 */
export async function findOverdue(
  unread: readonly Open[],
  outcomes: Outcomes,
  tooLate: CodapError,
  scope: Scope,
): Promise<void> {
  await untilEnded(unread, scope);
  const { work } = scope.batch;
  const finding = find(unread, outcomes, tooLate, work);
  // Few are looked at as they are: whoever names this one, too, hears of it in this turn.
  if (unread.length > FEW) await work.do(finding, scope.ended);
  else atOnce(finding);
}

/**
 * The same deadline ends these: by the end of this turn each has failed, or has come to its default. By when
 * the first ones of very many have, the others have, too.
 */
async function untilEnded(unread: readonly Open[], scope: Scope): Promise<void> {
  const turn = { isOver: false };
  const end = endOfTurn().then(() => void (turn.isOver = true));
  for (const { reference, member } of unread.slice(0, FEW)) {
    if (turn.isOver) return;
    if (!member.settled && !outlives(reference, scope)) await Promise.race([member.reply, end]);
  }
}

function* find(unread: readonly Open[], outcomes: Outcomes, tooLate: CodapError, work: Work): Steps<void> {
  for (const [index, { reference, place, member, steps }] of unread.entries()) {
    if (index >= FEW && work.tick()) yield;
    // Of what is there the first alone was being read.
    outcomes[place] =
      overtaken(member, steps, viewOf(reference), tooLate) ?? (index === 0 ? { is: 'late', error: tooLate } : THERE);
  }
}
