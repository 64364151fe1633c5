import { isObject, memberOf } from '../json/members.ts';
import { parseExact } from '../json/parse.ts';
import { scan } from '../json/scan.ts';

/** Nesting of what a token says. */
const DEPTH = 16;

/** Three parts in base64url (RFC 7515 §3.1): a token without a signature has none. */
const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

/** What a JSON Web Token says, before anybody has verified it. */
export interface Token {
  /** The name of the key that it says is its. */
  readonly kid: string;
  readonly claims: object;
}

/**
 * Reads a token; undefined where it is none, or where two readers might read two things in it. An extension
 * that has to be understood (`crit`) is none that codap understands.
 */
export function readToken(text: string): Token | undefined {
  const [, ...parts] = COMPACT.exec(text) ?? [];
  const [head, claims, signature] = parts.map(bytesOf);
  if (!head || !claims || !signature) return undefined;
  const header = objectIn(head);
  const claimed = header && objectIn(claims);
  if (!claimed || memberOf(header, 'crit') !== undefined) return undefined;
  const kid = memberOf(header, 'kid');
  return typeof kid === 'string' ? { kid, claims: claimed } : undefined;
}

/** The bytes of a part; undefined where it is not written as one writes these. */
function bytesOf(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
}

/** The JSON object in some bytes; undefined where there is none, or not exactly one way to read it. */
function objectIn(bytes: Buffer): object | undefined {
  if (scan(bytes, { depth: DEPTH, keepsDigits: true }).faults.length > 0) return undefined;
  const value = parseExact(bytes.toString());
  return isObject(value) ? value : undefined;
}
