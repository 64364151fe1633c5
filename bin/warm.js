import { globSync } from 'node:fs';
import module from 'node:module';
import { COMPILE_CACHE } from './compile-cache.js';
import { V8_FLAGS } from './v8-flags.js';

// What Node strips TypeScript of its types with stays in memory, 25 MB of it. So all that codap loads is
// loaded once, after `npm ci`: from then on it is in the cache, of which there is one for each set of flags.
const { execArgv, execPath, env, argv, platform } = process;
if (!V8_FLAGS.every((flag) => execArgv.includes(flag)) && platform !== 'win32')
  process.execve(execPath, [execPath, ...V8_FLAGS, argv[1]], env);
module.enableCompileCache(COMPILE_CACHE);
const root = new URL('../', import.meta.url);
const files = globSync(['src/**/*.ts', 'routes/*.ts', 'adapters/**/*.ts'], { cwd: root });
await Promise.all(files.filter((file) => file !== 'src/main.ts').map((file) => import(new URL(file, root).href)));
