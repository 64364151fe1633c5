import { expect } from 'vitest';
import { parsePointer } from '../../src/json/pointer.ts';
import type { Body } from '../service.ts';
import type { Written } from './evaluator.ts';

const MS = expect.any(Number) as number;

/** Between which instants something has to have been: ms since the batch's start. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Checks the traces of an answer to this request: each reply has one, its times in their order, and says whom
 * it waited for.
 */
export function checkTraces(body: Written, { results, trace }: Body): void {
  expect(trace.plannedMs).toBeGreaterThanOrEqual(0);
  checkMembers(body, results, { from: trace.plannedMs, to: trace.ms });
  for (const hidden of trace.members ?? []) checkTimes(hidden, { from: trace.plannedMs, to: trace.ms });
}

function checkMembers({ queries }: Written, replies: Body, span: Span): void {
  if (!Array.isArray(replies))
    for (const [key, reply] of Object.entries(replies)) checkReply((queries as Body)[key], reply as Body, span);
  else for (const reply of replies) checkReply((queries as Body)[reply.index], reply, span);
}

function checkReply(written: Written, reply: Body, span: Span, item?: unknown): void {
  const { trace, status, replies } = reply;
  checkTimes(trace, span);
  const { queries, forEach, params, as, when, unless, select } = written;
  const isWhole = forEach !== undefined && item === undefined;
  const waitsFor = isWhole ? [!Array.isArray(forEach) && forEach] : [params, as, when, unless, select, item];
  expect(new Set(trace.after)).toEqual(new Set(waitsFor.flatMap(namesIn)));
  expect(new Set(trace.after).size).toBe(trace.after.length);
  const inside = { from: trace.queued, to: trace.ended };
  if (isWhole)
    for (const one of replies ?? [])
      checkReply(written, one, inside, Array.isArray(forEach) ? forEach[one.index] : null);
  else if (queries !== undefined && replies) checkMembers(written, replies, inside);
  for (const one of trace.members ?? []) checkTimes(one, inside);
  if (isWhole || queries !== undefined) expect(trace).not.toHaveProperty('attempts');
  else if (status === 'skipped') expect(trace.attempts).toEqual([]);
  else if (trace.shared !== undefined) expect(trace.attempts).toEqual([]);
  else if (status === 'ok' && !reply.defaulted) expect(trace.attempts).toEqual([{ started: trace.started, ended: MS }]);
  else if (reply.error.code === (params as Body).fail)
    expect(trace.attempts).toEqual([{ started: trace.started, ended: MS, code: reply.error.code }]);
}

function checkTimes({ queued, started, ended, shared, attempts = [] }: Body, { from, to }: Span): void {
  const times = [from, queued, started, ...attempts.flatMap((one: Body) => [one.started, one.ended]), ended, to];
  const known = times.filter((time) => time !== undefined);
  expect(known).toEqual(known.toSorted((a, b) => a - b));
  expect(typeof ended).toBe('number');
  if (attempts.length > 0) expect(attempts[0].started).toBe(started);
  else expect(started).toEqual(shared === undefined ? undefined : MS);
}

/** The names of the queries that a part of a request refers to. */
function namesIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const [[word, pointer] = [], ...more] = Object.entries(part);
  if (more.length === 0 && (word === '$result' || word === '$meta')) return [String(parsePointer(String(pointer))[0])];
  return Object.values(part).flatMap(namesIn);
}
