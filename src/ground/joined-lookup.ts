import dns from 'node:dns';
import type { LookupFunction } from 'node:net';

type Done = Parameters<LookupFunction>[2];

/** A lookup that is under way. */
interface Lookup {
  /** When it began, an instant. */
  readonly since: number;
  /** Who waits for it. */
  readonly waiting: Done[];
}

/** Milliseconds in which a lookup is joined. A lost packet costs 5 s: who asks later may be told sooner. */
const JOINED_FOR_MS = 500;

/** Lookups of one name at a time: each takes a thread, of which Node.js has but a few for them. */
const MOST = 3;

/** Those under way, oldest first: the system's own cannot be cancelled. */
const underWay = new Map<string, Lookup[]>();

/** `dns.lookup` for `net.connect`: joins a young one of the same name; nothing is kept beyond that. */
export const joinedLookup: LookupFunction = (hostname, options, done) => {
  const key = JSON.stringify([hostname, options]);
  const all = underWay.get(key) ?? [];
  const youngest = all.at(-1);
  const since = performance.now();
  if (youngest && (all.length >= MOST || since < youngest.since + JOINED_FOR_MS)) {
    youngest.waiting.push(done);
    return;
  }
  const own: Lookup = { since, waiting: [done] };
  all.push(own);
  underWay.set(key, all);
  dns.lookup(hostname, options, (...found) => {
    all.splice(all.indexOf(own), 1);
    if (all.length === 0) underWay.delete(key);
    for (const one of own.waiting) process.nextTick(one, ...found);
  });
};
