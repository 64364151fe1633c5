/** How often the service says how its event loop was held, in milliseconds. */
export const TOLD_MS = 10;

/**
 * What the service says: how long its loop was held at most since the last time, or how long an answer took
 * it.
 */
export type Told = { readonly heldMs: number } | { readonly id: string; readonly ms: number };
