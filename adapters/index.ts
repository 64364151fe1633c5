import type { Adapter } from './adapter.ts';

/** The kinds of datastore codap can read, by the name a configuration gives them. */
export const adapters: Readonly<Record<string, Adapter>> = {};
