import { globSync } from 'node:fs';
import module from 'node:module';
import { COMPILE_CACHE } from './compile-cache.js';
import { takeFlags } from './take-flags.js';

// What Node strips TypeScript of its types with stays in memory, 25 MB of it. So all that codap loads is
// loaded once, after `npm ci`: from then on it is in the cache, of which there is one for each set of flags.
takeFlags();
module.enableCompileCache(COMPILE_CACHE);
const root = new URL('../', import.meta.url);
const files = globSync(['src/**/*.ts', 'routes/*.ts', 'adapters/**/*.ts'], { cwd: root });
await Promise.all(files.filter((file) => file !== 'src/main.ts').map((file) => import(new URL(file, root).href)));
