import { isFramed } from '../field-values.ts';
import { type Head, notHttp } from './head.ts';

/** How a body ends, where that is not said by its length in bytes. */
export const CHUNKED = -1;
export const UNTIL_CLOSE = -2;

/**
 * How the body after a head ends (RFC 9112 §6.3): its length, CHUNKED or UNTIL_CLOSE. Throws where the head
 * is of two minds, or names another transfer coding than `chunked`: who guesses there takes one answer for
 * another.
 */
export function framingOf(head: Head, isToHead: boolean): number {
  const coding = head.get('transfer-encoding');
  const length = head.get('content-length');
  if (length !== undefined && (coding !== undefined || typeof length !== 'string' || !/^\d+$/.test(length)))
    throw notHttp('the length of the body');
  const bytes = length === undefined ? UNTIL_CLOSE : Number(length);
  if (bytes > Number.MAX_SAFE_INTEGER) throw notHttp('the length of the body');
  if (!isFramed(coding)) throw notHttp('the transfer coding');
  if (isToHead || isWithoutBody(head.status)) return 0;
  return coding === undefined ? bytes : CHUNKED;
}

/** Whether the connection may carry another answer after this one (RFC 9112 §9.3). */
export function keepsAlive(head: Head, framing: number): boolean {
  if (framing === UNTIL_CLOSE) return false;
  // After these may come what was meant as their body.
  if (isWithoutBody(head.status) && (head.get('transfer-encoding') ?? head.get('content-length') ?? '0') !== '0')
    return false;
  const connection = head.get('connection');
  if (head.minor === 1 && (connection === undefined || connection === 'keep-alive')) return true;
  const options = String(connection ?? '').toLowerCase();
  if (/(?:^|,)[ \t]*close[ \t]*(?:,|$)/.test(options)) return false;
  if (head.minor === 1) return true;
  // Chunks are none of HTTP/1.0's: where they end is not what its own parts may think.
  return framing !== CHUNKED && /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/.test(options);
}

/**
 * Milliseconds for which a connection is kept that nobody uses, where the store does not say: a little less
 * than the minute after which nginx and load balancers close theirs
 * (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html). To
 * open one costs more than a request, and a burst after a pause would open all that it needs at once.
 */
export const KEPT_MS = 55_000;
const MOST_KEPT_MS = 600_000;
/** So much earlier than the store says it is given up: a request may be on its way when that closes it. */
const MARGIN_MS = 2000;

/** Milliseconds for which a connection is kept after an answer that nobody uses. */
export function keptMs(head: Head): number {
  const said = head.get('keep-alive');
  const seconds = said === undefined ? undefined : /timeout=(\d+)/.exec(String(said))?.[1];
  return seconds === undefined ? KEPT_MS : Math.min(Number(seconds) * 1000 - MARGIN_MS, MOST_KEPT_MS);
}

function isWithoutBody(status: number): boolean {
  return status === 204 || status === 304;
}
