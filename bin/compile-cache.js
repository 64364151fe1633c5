/** Where a checkout keeps what Node has made of its TypeScript. */
export const COMPILE_CACHE = new URL('../node_modules/.cache/node', import.meta.url).pathname;
