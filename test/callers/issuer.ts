import { createHmac, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { exportJWK, exportPKCS8, generateKeyPair, type JWK } from 'jose';

/** An issuer of tokens whose keys are known, and who can also make tokens that none may take. */
export interface Issuer {
  readonly jwks: { readonly keys: readonly JWK[] };
  /** A token, well signed with the key of this name. */
  token(kid: keyof typeof KINDS, claims: object, header?: object): string;
  /** A token of these very parts, well signed. */
  signed(kid: keyof typeof KINDS, header: string, claims: string): string;
  /** A public key, as PEM and as DER. */
  publicKey(kid: keyof typeof KINDS): { pem: string; der: Buffer };
}

/** The keys that an issuer has: one for each algorithm. */
export const KINDS = {
  RS256: { hash: 'sha256' },
  PS384: { hash: 'sha384', padding: 6, saltLength: 48 },
  ES256: { hash: 'sha256', dsaEncoding: 'ieee-p1363' },
  ES384: { hash: 'sha384', dsaEncoding: 'ieee-p1363' },
  EdDSA: { hash: null },
} as const;

const base64url = (text: string | Buffer): string => Buffer.from(text).toString('base64url');

/** Two parts of a token, of any texts. */
export const parts = (header: string | object, claims: string | object): string =>
  [header, claims].map((part) => base64url(typeof part === 'string' ? part : JSON.stringify(part))).join('.');

/** A token signed with a secret, as HS256 is. */
export const hmac = (secret: string | Buffer, header: object, claims: object): string => {
  const text = parts(header, claims);
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};

/** Makes an issuer with a key of each kind. */
export async function makeIssuer(): Promise<Issuer> {
  const keys = new Map<string, KeyObject>();
  const jwks: JWK[] = [];
  for (const alg of Object.keys(KINDS)) {
    const pair = await generateKeyPair(alg, { extractable: true });
    keys.set(alg, createPrivateKey(await exportPKCS8(pair.privateKey)));
    jwks.push({ ...(await exportJWK(pair.publicKey)), kid: alg, alg, use: 'sig' });
  }
  const signed: Issuer['signed'] = (kid, header, claims) => {
    const text = parts(header, claims);
    const { hash, ...options } = KINDS[kid];
    return `${text}.${base64url(sign(hash, Buffer.from(text), { key: keys.get(kid)!, ...options }))}`;
  };
  return {
    jwks: { keys: jwks },
    signed,
    token: (kid, claims, header = {}) =>
      signed(kid, JSON.stringify({ alg: kid, kid, typ: 'JWT', ...header }), JSON.stringify(claims)),
    publicKey: (kid) => {
      const key = createPublicKey(keys.get(kid)!);
      return {
        pem: key.export({ type: 'spki', format: 'pem' }) as string,
        der: key.export({ type: 'spki', format: 'der' }),
      };
    },
  };
}
