import { closeSync, openSync } from 'node:fs';

/**
 * From now on SIGHUP, which has codap read its configuration again, does not end the process, as it does by
 * default: until `src/service/ending.ts` is loaded, and heeds it, nothing has been read. Not where there is a
 * terminal: of what it has started its end is to end all.
 */
export function passOverHangups() {
  try {
    closeSync(openSync('/dev/tty'));
  } catch {
    process.on('SIGHUP', () => {});
  }
}
