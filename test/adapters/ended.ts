import type { Socket } from 'node:net';
import { expect } from 'vitest';
import { CodapError } from '../../src/errors.ts';
import { Who } from '../../src/sources/call.ts';
import type { Source } from '../../src/sources/open.ts';
import type { Payload } from '../../src/store/payload.ts';
import { bounds } from './source.ts';

/** How a connection comes to its end. */
export const ENDS = {
  'is reset': (socket: Socket) => socket.resetAndDestroy(),
  'is ended': (socket: Socket) => socket.destroySoon(),
  'is half closed': (socket: Socket) => socket.end(),
} as const;

/** A way to ask: op, params, how it is taken. */
export type Asked = readonly [op: string, params: Record<string, unknown>, want: Payload['kind']];

/** Runs a query and reads its answer to the end; what it failed with, if it did. */
export async function failureOf(source: Source, [op, params, want]: Asked, between?: () => void): Promise<unknown> {
  try {
    const compiled = source.prepare(op, params, (path, detail) => expect.fail(`${path.join('/')}: ${detail}`));
    const payload = await source.call({ op, params: compiled, want }, new Who({ headers: {} }), bounds());
    if (payload.kind === 'value') expect(payload.json).not.toBe('');
    else
      for await (const part of payload.kind === 'items' ? payload.items : payload.stream) {
        expect([...(part as Iterable<unknown>)]).not.toEqual([]);
        between?.();
      }
    return undefined;
  } catch (error) {
    return error;
  }
}

/** That it is the store's failure, which may be tried again. */
export function expectUnavailable(error: unknown, source?: string): void {
  expect(error).toBeInstanceOf(CodapError);
  expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true, ...(source !== undefined && { source }) });
}
