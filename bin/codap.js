#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { COMPILE_CACHE } from './compile-cache.js';
import { V8_FLAGS } from './v8-flags.js';

const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(`codap needs Node.js 24 or newer, and this is ${process.version}.`);
  process.exit(1);
}

const { argv, channel, env, execArgv, execPath, permission, platform } = process;
if (!V8_FLAGS.every((flag) => execArgv.includes(flag))) {
  // Some count only from where a process begins: this one begins again with them, and is still the same. Not
  // where it would lose the channel to its parent, where it may not, nor where Windows cannot.
  if (channel === undefined && (!permission || permission.has('child')) && platform !== 'win32')
    process.execve(execPath, [execPath, ...V8_FLAGS, ...execArgv, ...argv.slice(1)], env);
  for (const flag of V8_FLAGS) setFlagsFromString(flag);
}

// A checkout runs its TypeScript as it is; a package has it compiled, because Node does not strip types below
// node_modules.
const source = new URL('../src/main.ts', import.meta.url);
const isCheckout = existsSync(source);
// What was stripped of its types once need not be again (`warm.js`).
if (isCheckout) module.enableCompileCache(COMPILE_CACHE);
await import(isCheckout ? source.href : new URL('../dist/src/main.js', import.meta.url).href);
