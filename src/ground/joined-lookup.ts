import dns from 'node:dns';
import type { LookupFunction } from 'node:net';

type Done = Parameters<LookupFunction>[2];

/**
 * Who waits for each lookup that is under way: the system's own cannot be cancelled, and Node.js runs but a
 * few at a time. One for each connection to a name that nobody resolves would keep all others waiting.
 */
const underWay = new Map<string, Done[]>();

/** `dns.lookup` for `net.connect`: joins one of the same name under way; nothing is kept beyond that. */
export const joinedLookup: LookupFunction = (hostname, options, done) => {
  const key = JSON.stringify([hostname, options]);
  const waiting = underWay.get(key);
  if (waiting) {
    waiting.push(done);
    return;
  }
  const all = [done];
  underWay.set(key, all);
  dns.lookup(hostname, options, (...found) => {
    underWay.delete(key);
    for (const one of all) process.nextTick(one, ...found);
  });
};
