import { getEventListeners } from 'node:events';
import { expect, it, vi } from 'vitest';
import { Cut } from '../../../adapters/mongo/cut.ts';

it('aborts when the other signal does, for all who listen at that time', () => {
  const controller = new AbortController();
  const cut = new Cut(controller.signal);
  const [left, heard] = [vi.fn(), vi.fn()];
  const handler = { handleEvent: vi.fn() };
  for (const listener of [left, heard, handler]) cut.addEventListener('abort', listener);
  cut.removeEventListener('abort', left);
  cut.throwIfAborted();
  expect(cut.aborted).toBe(false);
  const reason = new Error('left');
  controller.abort(reason);
  expect(left).not.toHaveBeenCalled();
  expect(heard).toHaveBeenCalledOnce();
  expect(heard.mock.contexts).toEqual([cut]);
  expect(handler.handleEvent).toHaveBeenCalledOnce();
  expect([cut.aborted, cut.reason]).toEqual([true, reason]);
  expect(() => cut.throwIfAborted()).toThrow(reason);
});

it('leaves nothing behind on the other signal once its command has ended', () => {
  const { signal } = new AbortController();
  const cut = new Cut(signal);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  cut.end();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
