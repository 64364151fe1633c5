export { FirstReply } from './first-reply.ts';
export { KV } from './kv.ts';
export { Ordered } from './ordered.ts';
export type { Handle, Keyed, Slot } from './handle.ts';
export type { Options, Task } from './task.ts';
