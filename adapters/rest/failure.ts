import { CodapError, type Code, type ErrorDetails } from '../../src/errors.ts';
import type { Freshness } from '../../src/store/freshness.ts';

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
  return new CodapError(codeOf(status), message(status), details);
}

function codeOf(status: number): Code {
  if (status === 404 || status === 410) return 'NOT_FOUND';
  if (status === 401 || status === 403 || status === 407) return 'FORBIDDEN';
  if (status === 429) return 'OVERLOADED';
  if (status === 408 || status >= 500) return 'UNAVAILABLE';
  return status < 400 ? 'BAD_RESPONSE' : 'INVALID';
}

function message(status: number): string {
  if (status < 400) return `the store answered a redirect (${status}), which is not followed`;
  if (codeOf(status) === 'FORBIDDEN') return `the store refused codap (${status})`;
  return `the store answered ${status}`;
}
