import type { CallerConfig } from '../config/load.ts';
import { entriesOf, put } from '../json/members.ts';
import { Quota } from './quota.ts';

/** Names, of which one asks for nothing but whether one is among them. */
export interface Names {
  has(name: string): boolean;
}

/** What a caller may do, whichever of its tokens it comes with. */
export interface Grant {
  /** Its name in the configuration; undefined where everyone may ask. */
  readonly name: string | undefined;
  /** What is there for it: the same text for all for whom the same is there. */
  readonly scope: string;
  /** The sources that it may name: of no other one it is told that there is one. */
  readonly sources: Names;
  /** The saved batches that it may run. */
  readonly batches: Names;
  /** Whether it may ask batches of its own. */
  readonly adhoc: boolean;
  /** Whether it may read `/metrics`. */
  readonly metrics: boolean;
  /** The longest deadline of its batches, in milliseconds; Infinity where the service's own holds. */
  readonly maxTimeoutMs: number;
  /** How much it may ask for. */
  readonly quota: Quota;
}

/** Somebody who may ask. */
export interface KnownCaller extends Grant {
  /** What is known of them, for `$caller`: JSON data. */
  readonly claims: object;
}

const ALL: Names = { has: () => true };

/** Who asks a service that everyone may ask: nothing is known of them, and they may do all there is. */
export const ANYONE: KnownCaller = {
  name: undefined,
  scope: 'all',
  sources: ALL,
  batches: ALL,
  adhoc: true,
  metrics: true,
  maxTimeoutMs: Infinity,
  quota: new Quota(),
  claims: {},
};

const NONE: Names = { has: () => false };

/** Who asks without a key where others have one: all that they may have is what is there for everybody. */
export const NOBODY: KnownCaller = {
  ...ANYONE,
  scope: 'none',
  sources: NONE,
  batches: NONE,
  adhoc: false,
  metrics: false,
};

/** What a configuration grants a caller. */
export function grantOf(name: string, caller: CallerConfig): Grant {
  const { sources, batches, adhoc, metrics, maxTimeoutMs = Infinity } = caller;
  return {
    name,
    scope: JSON.stringify([sorted(sources), batches === '*' ? batches : sorted(batches), adhoc, metrics]),
    sources: new Set(sources),
    batches: batches === '*' ? ALL : new Set(batches),
    adhoc,
    metrics,
    maxTimeoutMs,
    quota: new Quota(caller),
  };
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}

/** A caller with what its token claims; it is called what the configuration calls it, whatever that says. */
export function known(grant: Grant, token: object = {}): KnownCaller {
  let claims: object = {};
  for (const [claim, value] of entriesOf(token)) if (claim !== 'name') claims = put(claims, claim, value);
  return { ...grant, claims: put(claims, 'name', grant.name) };
}
