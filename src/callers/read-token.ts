import { isObject, memberOf } from '../json/members.ts';
import { parseExact } from '../json/parse.ts';
import { scan } from '../json/scan.ts';
import { asJson } from '../json/as-json.ts';

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

/** Why a text is read as no token, in the order in which that is looked at. */
export const UNREAD = ['not a JWT', 'JSON that readers differ on', 'crit', 'no kid'] as const;

type Unread = (typeof UNREAD)[number];

/**
 * Reads a token, or says why it is none: two readers might read two things in it, too. An extension that has
 * to be understood (`crit`) is none that codap understands.
 */
export function readToken(text: string): Token | Unread {
  const [, ...parts] = COMPACT.exec(text) ?? [];
  const [head, said, signature] = parts.map(bytesOf);
  if (!head || !said || !signature) return 'not a JWT';
  const header = objectIn(head);
  if (typeof header === 'string') return header;
  const claims = objectIn(said);
  if (typeof claims === 'string') return claims;
  if (memberOf(header, 'crit') !== undefined) return 'crit';
  const kid = memberOf(header, 'kid');
  return typeof kid === 'string' ? { kid, claims } : 'no kid';
}

/** The bytes of a part; undefined where it is not written as one writes these. */
function bytesOf(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
}

/** The JSON object in some bytes, or why there is none. */
function objectIn(bytes: Buffer): object | Unread {
  const text = bytes.toString();
  if (scan(bytes, { depth: DEPTH, keepsDigits: true }).faults.length > 0)
    return isObject(asJson(text)) ? 'JSON that readers differ on' : 'not a JWT';
  const value = parseExact(text);
  return isObject(value) ? value : 'not a JWT';
}
