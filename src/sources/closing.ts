import { whenClosed } from '../ground/when-closed.ts';
import type { Items, Payload } from '../store/payload.ts';

/**
 * Calls `done`, once, when a payload holds nothing of its store any more: of a value at once, of a list or a
 * body when it ends or is closed.
 */
export function onceClosed(payload: Payload, done: () => void): Payload {
  if (payload.kind === 'value') {
    done();
    return payload;
  }
  if (payload.kind === 'body') {
    whenClosed(payload.stream, done);
    return payload;
  }
  return { kind: 'items', items: watched(payload.items, done) };
}

function watched(items: Items['items'], done: () => void): Items['items'] {
  let open = true;
  const close = (): void => {
    if (open) done();
    open = false;
  };
  return {
    [Symbol.asyncIterator]() {
      const iterator = items[Symbol.asyncIterator]();
      return {
        async next() {
          try {
            const step = await iterator.next();
            if (step.done) close();
            return step;
          } catch (error) {
            close();
            throw error;
          }
        },
        async return() {
          try {
            await iterator.return?.();
          } finally {
            close();
          }
          return { done: true, value: undefined };
        },
      };
    },
  };
}
