#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';
import { COMPILE_CACHE } from './compile-cache.js';
import { passOverHangups } from './early-hangups.js';
import { takeFlags } from './take-flags.js';

const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(`codap needs Node.js 24 or newer, and this is ${process.version}.`);
  process.exit(1);
}

// Once as the process begins, and once more where it begins again.
passOverHangups();
takeFlags();

// A checkout runs its TypeScript as it is; a package has it compiled, because Node does not strip types below
// node_modules.
const source = new URL('../src/main.ts', import.meta.url);
const isCheckout = existsSync(source);
// What was stripped of its types once need not be again (`warm.js`).
if (isCheckout) module.enableCompileCache(COMPILE_CACHE);
await import(isCheckout ? source.href : new URL('../dist/src/main.js', import.meta.url).href);
