import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** A member of `tracestate` (W3C Trace Context §3.3.1.3): `vendor=value`, or `tenant@vendor=value`. */
const STATE =
  /^(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;
/** Members that it may have, and characters up to which it has to be passed on (§3.3.1.1, §3.3.1.5). */
const MOST_STATES = 32;
const MOST_STATE_CHARS = 512;

/**
 * Replaces a malformed `traceparent` by that of a new trace, and drops a `tracestate` that came with it, or
 * alone, or is malformed or long itself (W3C Trace Context §3.2, §3.3, §4.2). One of a later version is read
 * as version 00; a missing one stays missing. Where traces are exported, a malformed one is missing, too: the
 * batch's own span begins a trace.
 */
export function repairTraceContext(headers: IncomingHttpHeaders, isExported: boolean): void {
  const given = headers['traceparent'];
  if (given === undefined) return void delete headers['tracestate'];
  const [, version, trace, parent, flags, rest] = TRACEPARENT.exec(String(given)) ?? [];
  const wellFormed =
    version !== undefined &&
    version !== 'ff' &&
    !(version === '00' && rest !== undefined) &&
    !isZero(trace) &&
    !isZero(parent);
  if (wellFormed) {
    if (version !== '00') headers['traceparent'] = `00-${trace}-${parent}-0${Number.parseInt(flags!, 16) & 1}`;
    if (headers['tracestate'] !== undefined && !isState(String(headers['tracestate']))) delete headers['tracestate'];
    return;
  }
  if (isExported) delete headers['traceparent'];
  else headers['traceparent'] = `00-${hex(16)}-${hex(8)}-00`;
  delete headers['tracestate'];
}

/** Members may be empty, and have white space around them. */
function isState(text: string): boolean {
  if (text.length > MOST_STATE_CHARS) return false;
  const members = text.split(/[ \t]*,[ \t]*/).filter((member) => member !== '');
  return members.length > 0 && members.length <= MOST_STATES && members.every((member) => STATE.test(member));
}

/** The trace that a request belongs to, by the well-formed header that it came with or was given, if any. */
export function traceIdOf({ traceparent }: IncomingHttpHeaders): string | undefined {
  return (traceparent as string | undefined)?.slice(3, 35);
}

function isZero(digits: string | undefined): boolean {
  return digits === undefined || /^0+$/.test(digits);
}

function hex(bytes: number): string {
  const digits = randomBytes(bytes).toString('hex');
  return isZero(digits) ? hex(bytes) : digits;
}
