import { setFlagsFromString } from 'node:v8';
import { ENVIRONMENT, V8_FLAGS } from './v8-flags.js';

/**
 * Lets V8 run this process by the flags, and gives it the environment, if it has not. Some count only
 * from where a process begins: it begins again with them, and is still the same. Not where it would lose the
 * channel to its parent, where it may not, nor where Windows cannot: there it takes those that can be taken
 * later.
 */
export function takeFlags() {
  const { argv, channel, env, execArgv, execPath, permission, platform } = process;
  if (V8_FLAGS.every((flag) => execArgv.includes(flag))) return;
  if (channel === undefined && (!permission || permission.has('child')) && platform !== 'win32')
    process.execve(execPath, [execPath, ...V8_FLAGS, ...execArgv, ...argv.slice(1)], { ...ENVIRONMENT, ...env });
  for (const flag of V8_FLAGS) setFlagsFromString(flag);
}
