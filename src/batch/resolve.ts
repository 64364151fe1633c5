import { CodapError } from '../errors.ts';
import type { Live } from './live.ts';
import { follow } from './pointer.ts';
import { failed, valueOf, type Reply } from './reply.ts';

/** What a reference found. */
export type Found =
  | { readonly is: 'value'; readonly value: unknown }
  | { readonly is: 'nowhere' }
  | { readonly is: 'skipped' }
  | { readonly is: 'failed'; readonly error: CodapError };

const NOWHERE: Found = { is: 'nowhere' };
const SKIPPED: Found = { is: 'skipped' };

/** Reads below a member, waiting for no more than the part that the steps name. */
export async function resolve(live: Live, steps: readonly string[]): Promise<Found> {
  const container = steps.length === 0 || live.opaque ? undefined : await live.container;
  if (!container || container.taking) {
    const found = ofReply(await live.reply);
    if (found.is !== 'value' || steps.length === 0) return found;
    const there = follow(found.value, steps);
    return there.found ? { is: 'value', value: there.value } : NOWHERE;
  }
  const [step = '', ...rest] = steps;
  if (container.keyed) {
    const member = container.lives.find((one) => one.path.at(-1) === step);
    return member ? resolve(member, rest) : NOWHERE;
  }
  if (step === '*') {
    const founds = await Promise.all(container.lives.map((member) => resolve(member, rest)));
    return { is: 'value', value: founds.flatMap((found) => (found.is === 'value' ? found.value : [])) };
  }
  if (!/^(0|[1-9]\d*)$/.test(step)) return NOWHERE;
  if (Number(step) >= container.lives.length) return NOWHERE;
  const member = container.arrivals ? await container.arrivals.at(Number(step)) : container.lives[Number(step)];
  return member ? resolve(member, rest) : NOWHERE;
}

function ofReply(reply: Reply): Found {
  if (failed(reply))
    return { is: 'failed', error: reply.error ?? new CodapError('INTERNAL', 'codap failed to run this query') };
  if (reply.status === 'skipped') return SKIPPED;
  return { is: 'value', value: valueOf(reply) };
}
