import { fileURLToPath } from 'node:url';

/** Where a checkout keeps what Node has made of its TypeScript. */
export const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url));
