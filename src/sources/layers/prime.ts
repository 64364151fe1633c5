import { finished, type Readable } from 'node:stream';
import { toCodapError } from '../../errors.ts';
import type { ItemBatch, Items, Payload } from '../../store/payload.ts';
import { ask, type Layer } from '../layer.ts';

/**
 * A list or body counts as opened only once its first item or byte is here. What is gathered is here as a
 * whole.
 */
export const prime: Layer = {
  name: 'prime',
  wrap: (next) => (query, context) => {
    const answer = ask(next, query, context);
    return query.want === 'value' ? answer : answer.then(opened);
  },
};

async function opened(payload: Payload): Promise<Payload> {
  if (payload.kind === 'items') return primed(payload);
  if (payload.kind === 'body') {
    const { stream } = payload;
    // An error that comes while nobody reads is told to whoever reads next; unheard it would end the process.
    stream.on('error', ignored);
    if (!stream.readableEnded && stream.readableLength === 0) await begun(stream);
  }
  return payload;
}

function ignored(): void {}

/** Resolves at the first byte, or an end without one; rejects if the stream breaks or is closed before. */
function begun(stream: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error | null): void => {
      stream.off('readable', settle);
      stopWaiting();
      if (error) reject(toCodapError(error));
      else resolve();
    };
    const stopWaiting = finished(stream, { writable: false }, settle);
    stream.on('readable', settle);
  });
}

async function primed({ items }: Items): Promise<Items> {
  const iterator = items[Symbol.asyncIterator]();
  let first: Promise<IteratorResult<ItemBatch>> | undefined = Promise.resolve(await iterator.next());
  return {
    kind: 'items',
    items: {
      [Symbol.asyncIterator]: () => ({
        next() {
          const step = first ?? iterator.next();
          first = undefined;
          return step;
        },
        async return() {
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      }),
    },
  };
}
