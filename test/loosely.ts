import { expect } from 'vitest';

const TIMES = new Set<string | undefined>(['ms', 'plannedMs', 'queued', 'started', 'ended']);

/**
 * What an answer has to look like that is shown so. `…` stands for anything, also within a text; a member
 * `"…"` for any others. What is in milliseconds is not compared.
 */
export function loosely(shown: unknown, key?: string): unknown {
  if (TIMES.has(key) || shown === '…') return expect.anything();
  if (typeof shown === 'string' && shown.includes('…'))
    return expect.stringMatching(
      new RegExp(
        `^${shown
          .split('…')
          .map((part) => RegExp.escape(part))
          .join('[^]*')}$`,
      ),
    );
  if (typeof shown !== 'object' || shown === null) return shown;
  if (Array.isArray(shown)) return shown.map((member) => loosely(member));
  const members = Object.fromEntries(
    Object.entries(shown)
      .filter(([name]) => name !== '…')
      .map(([name, value]) => [name, loosely(value, name)]),
  );
  return Object.hasOwn(shown, '…') ? expect.objectContaining(members) : members;
}

/** The keys of an answer in their order, as far as they are shown. */
export function keysInOrder(answer: unknown, shown: unknown): unknown {
  if (typeof answer !== 'object' || typeof shown !== 'object' || answer === null || shown === null) return null;
  if (Array.isArray(answer)) return answer.map((member, at) => keysInOrder(member, (shown as unknown[])[at]));
  return Object.entries(answer)
    .filter(([name]) => name !== '…' && Object.hasOwn(shown, name))
    .map(([name, value]) => [name, keysInOrder(value, Reflect.get(shown, name))]);
}
