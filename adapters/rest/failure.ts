import { CodapError, type ErrorDetails } from '../../src/errors.ts';
import type { Freshness } from '../../src/store/freshness.ts';
import { codeOfStatus } from '../http/status-code.ts';

/**
 * What an answer's status says went wrong; undefined for one that has a value: 2xx and 304. `freshness` is
 * that of the answer.
 */
export function statusFailure(
  status: number,
  retryAfterMs: number | undefined,
  freshness: Freshness | undefined,
): CodapError | undefined {
  if ((status >= 200 && status < 300) || status === 304) return undefined;
  const details: ErrorDetails = { status };
  if ((status === 429 || status === 503) && retryAfterMs !== undefined) details.retryAfterMs = retryAfterMs;
  if (freshness) details.freshMs = freshness.freshMs;
  return new CodapError(codeOfStatus(status), message(status), details);
}

function message(status: number): string {
  if (status < 400) return `the store answered a redirect (${status}), which is not followed`;
  if (codeOfStatus(status) === 'FORBIDDEN') return `the store refused codap (${status})`;
  return `the store answered ${status}`;
}
