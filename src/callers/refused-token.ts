import { NoKeys } from './key-set.ts';
import { UNREAD } from './read-token.ts';

/** What a token may fail by, in the order in which that is looked at. */
const CHECKS = [
  'too long',
  ...UNREAD,
  'issuer',
  'audience',
  'claims',
  'algorithm',
  'no keys are known',
  'unknown kid',
  'a key that cannot be used',
  'signature',
  'exp, nbf or iat is no time',
  'not yet valid',
  'expired',
] as const;

/** Why a token is nobody's: words of codap's own, never the token's. */
export interface RefusedToken {
  /** The check that failed. */
  readonly why: (typeof CHECKS)[number];
  /** The caller whose check that was, by its name in the configuration; undefined before any is looked at. */
  readonly caller?: string | undefined;
}

/** Of two refusals the one in which the token came further. */
export function further(one: RefusedToken, other: RefusedToken): RefusedToken {
  return CHECKS.indexOf(other.why) > CHECKS.indexOf(one.why) ? other : one;
}

/** What jose calls it, as a check. */
const BY_CODE: Readonly<Record<string, RefusedToken['why']>> = {
  ERR_JOSE_ALG_NOT_ALLOWED: 'algorithm',
  ERR_JOSE_NOT_SUPPORTED: 'algorithm',
  ERR_JWKS_NO_MATCHING_KEY: 'unknown kid',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'unknown kid',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'signature',
  ERR_JWT_CLAIM_VALIDATION_FAILED: 'exp, nbf or iat is no time',
  ERR_JWT_EXPIRED: 'expired',
};

/** The check by which jose did not verify a token whose issuer, audience and claims are right. */
export function failedCheck(error: unknown): RefusedToken['why'] {
  if (error instanceof NoKeys) return 'no keys are known';
  const { code = '', claim, reason } = error as { code?: unknown; claim?: string; reason?: string };
  if (claim === 'nbf' && reason === 'check_failed') return 'not yet valid';
  // What is thrown of a key, one that is too short, too, has no code of jose's.
  return BY_CODE[String(code)] ?? (String(code).startsWith('ERR_J') ? 'not a JWT' : 'a key that cannot be used');
}
