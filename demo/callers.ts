import { hashedKey, makeKey } from '../src/callers/api-keys.ts';

/** Two callers for the demo: what a configuration says of them, and their keys, which are new each time. */
export function demoCallers(): { readonly callers: object; readonly keys: Readonly<Record<'app' | 'screen', string>> } {
  const keys = { app: makeKey(), screen: makeKey() };
  return {
    keys,
    callers: {
      app: { keys: [hashedKey(keys.app)], sources: ['shop', 'photos'], adhoc: true, batches: ['orders', 'product'] },
      screen: { keys: [hashedKey(keys.screen)], batches: ['quotes'], rate: { perSecond: 5, burst: 10 } },
    },
  };
}
