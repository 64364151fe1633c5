import type { CryptoKey, JWTHeaderParameters } from 'jose';
import type { Config, JwtConfig } from '../config/load.ts';
import { memberOf } from '../json/members.ts';
import { ApiKeys } from './api-keys.ts';
import { fetchKeySet } from './fetch-key-set.ts';
import { KeySet } from './key-set.ts';
import { ANYONE, type Grant, grantOf, known, type KnownCaller } from './known-caller.ts';
import { meets } from './meets.ts';
import { readToken } from './read-token.ts';
import { failedCheck, further, type RefusedToken } from './refused-token.ts';
import { VerifiedTokens } from './verified-tokens.ts';

/** How far clocks may differ, in seconds. */
const LEEWAY_SECONDS = 30;

/** A key or token has at most so many characters: nothing is computed of a longer one. */
const MOST_CHARS = 8192;

/** How a key or token is sent (RFC 6750 §2.1). */
const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;

/** Where the operator reads that an issuer's keys cannot be had. Nothing that is logged throws. */
export interface CallersLog {
  error(fields: object, text: string): void;
}

/** A caller that is known by its tokens. */
interface Issued {
  readonly grant: Grant;
  readonly jwt: JwtConfig;
  readonly keyFor: (header: JWTHeaderParameters) => Promise<CryptoKey>;
}

/** The headers in which a key or token is sent. */
export interface Credentials {
  readonly authorization?: string | undefined;
  readonly 'x-api-key'?: string | string[] | undefined;
}

type Tell = (refused: RefusedToken) => void;

/** Those who may ask. */
export interface Callers {
  /** Whether they are told apart: else everyone may ask. */
  readonly areKnown: boolean;
  /**
   * Who sent these headers; undefined for nobody who may ask. Why that is, whoever asks is not told; `tell`
   * hears it of a token.
   */
  readonly of: (headers: Credentials, tell?: Tell) => Promise<KnownCaller | undefined>;
}

/** The key sets of issuers, by their addresses. */
export type KeySets = Map<string, KeySet>;

/**
 * The callers of a configuration; without any, everyone may ask. `keySets` are those that are known already,
 * and from now on those of this configuration. `fetch` gets the key set of an address.
 */
export function openCallers(
  { callers }: Pick<Config, 'callers'>,
  log: CallersLog,
  keySets: KeySets = new Map(),
  fetch: (url: string) => Promise<unknown> = fetchKeySet,
): Callers {
  const before = new Map(keySets);
  keySets.clear();
  if (!callers) return { areKnown: false, of: () => Promise.resolve(ANYONE) };
  const all = Array.from(callers, ([name, caller]) => ({ caller, grant: grantOf(name, caller) }));
  const apiKeys = new ApiKeys(all.map(({ caller: { keys = [] }, grant }) => ({ keys, owner: known(grant) })));
  const issued: Issued[] = [];
  for (const { caller, grant } of all) {
    const { jwt } = caller;
    if (!jwt) continue;
    const { jwks } = jwt;
    const keys = keySets.get(jwks) ?? before.get(jwks) ?? new KeySet(fetch.bind(undefined, jwks));
    keySets.set(jwks, keys);
    const failed = (err: unknown): void =>
      log.error({ caller: grant.name, err }, 'the keys by which tokens are verified cannot be had');
    issued.push({ grant, jwt, keyFor: (header) => keys.keyFor(header, failed) });
  }
  const verified = new VerifiedTokens();
  return {
    areKnown: true,
    async of({ authorization = '', 'x-api-key': key }, tell = () => {}) {
      // A key of its own says who asks: `Authorization` may then be meant for a source that forwards it.
      const given = key ?? BEARER.exec(authorization)?.[1];
      if (typeof given !== 'string' || given === '') return undefined;
      if (given.length > MOST_CHARS) {
        if (key === undefined && issued.length > 0) tell({ why: 'too long' });
        return undefined;
      }
      const owner = apiKeys.find(given);
      if (owner || key !== undefined) return owner;
      return verified.find(given) ?? bearerOf(given, issued, verified, tell);
    },
  };
}

/**
 * Whose token this is: of callers with the same keys, the first one's whose issuer, audience and claims it
 * meets, and nobody's where that one does not take it.
 */
async function bearerOf(
  text: string,
  callers: readonly Issued[],
  verified: VerifiedTokens,
  tell: Tell,
): Promise<KnownCaller | undefined> {
  if (callers.length === 0) return undefined;
  const token = readToken(text);
  if (typeof token === 'string') {
    tell({ why: token });
    return undefined;
  }
  const { claims } = token;
  let nearest: RefusedToken = { why: 'not a JWT' };
  // Loaded with the first token: where all callers have keys there is none.
  const { jwtVerify } = await import('jose');
  const refused = new Set<string>();
  for (const { grant, jwt, keyFor } of callers) {
    const { issuer, audience, algorithms, jwks } = jwt;
    const fails = (why: RefusedToken['why']): void => void (nearest = further(nearest, { why, caller: grant.name }));
    // What it does not even say of itself needs no verifying.
    const unsaid = unsaidOf(claims, jwt);
    if (unsaid) fails(unsaid);
    if (unsaid || refused.has(jwks)) continue;
    try {
      const { payload } = await jwtVerify(text, keyFor, {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: LEEWAY_SECONDS,
        requiredClaims: ['exp'],
      });
      const caller = known(grant, claims);
      verified.add(text, caller, payload.exp!);
      return caller;
    } catch (error) {
      fails(failedCheck(error));
      // It may be another caller's who has other keys. Of those with the same ones it belongs to this one.
      refused.add(jwks);
    }
  }
  tell(nearest);
  return undefined;
}

/** What a token would have to say of itself for a caller, and does not. */
function unsaidOf(claims: object, jwt: JwtConfig): RefusedToken['why'] | undefined {
  if (memberOf(claims, 'iss') !== jwt.issuer) return 'issuer';
  if (!meets(claims, { aud: jwt.audience })) return 'audience';
  return meets(claims, jwt.claims) ? undefined : 'claims';
}
