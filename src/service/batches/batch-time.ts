import { bodySchemas } from '../../batch/plan/body-schema.ts';
import type { Grant } from '../../callers/known-caller.ts';
import type { Config } from '../../config/load.ts';
import { memberOf } from '../../json/members.ts';

/**
 * The time that a batch has, in milliseconds, before it is known to be right: planning it takes a part of
 * that. What is no time at all is a fault, and leaves as much as a batch has that asks for none.
 */
export function timeoutAsked(body: unknown, config: Pick<Config, 'server'>, caller: Grant): number {
  const asked = typeof body === 'object' && body !== null ? memberOf(body, 'timeoutMs') : undefined;
  return timeoutOf(bodySchemas.kv.shape.timeoutMs.safeParse(asked).data, config, caller);
}

/** The time that a batch has, in milliseconds, of what it asks for and its caller may have. */
export function timeoutOf(asked: number | undefined, { server }: Pick<Config, 'server'>, caller: Grant): number {
  return Math.min(asked ?? server.timeoutMs, server.maxTimeoutMs, caller.maxTimeoutMs);
}
