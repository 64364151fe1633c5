#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(`codap needs Node.js 24 or newer, and this is ${process.version}.`);
  process.exit(1);
}

// While little is asked V8 learns that what a request needs lives long, and then puts all of it where only
// full collections look: that costs a tenth of the processor and 100 MB.
setFlagsFromString('--no-allocation-site-pretenuring');

// A checkout runs its TypeScript as it is; a package has it compiled, because Node does not strip types below
// node_modules.
const source = new URL('../src/main.ts', import.meta.url);
const entry = existsSync(source) ? source : new URL('../dist/src/main.js', import.meta.url);
await import(entry.href);
