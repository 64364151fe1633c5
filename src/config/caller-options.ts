import { isIP } from 'node:net';
import { z } from 'zod';
import { isUnrounded } from '../json/exact.ts';
import { besides } from '../store/besides.ts';
import { wholeNumber } from '../store/whole-number.ts';
import { milliseconds } from './milliseconds.ts';
import { rateOf } from './rate-option.ts';

/** The signatures that a token may bear (RFC 7518 §3.1, RFC 8037 §3.1): those whose key is no secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

const key = z
  .string()
  .regex(
    /^sha256:[\da-f]{64}$/,
    'sha256: and 64 digits of hexadecimal, in lower case, as `codap key` prints them, are allowed here',
  );

const jwks = z
  .string()
  .refine(isSafe, 'an address that begins with https:// or, on a loopback address, with http:// is allowed here');

const text = z.string().min(1);

const CLAIM = 'a string, a boolean or a number short of ±2^53 is allowed here';

/** What a caller's tokens have to say of themselves. */
const jwt = z.strictObject({
  issuer: text.meta({ description: 'The `iss` of its tokens.' }),
  audience: text.meta({ description: 'Their `aud`, or one of it.' }),
  jwks: jwks.meta({ description: 'Where the public keys of the issuer are (RFC 7517).' }),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .default(['RS256', 'ES256', 'EdDSA'])
    .meta({ description: 'The signatures that are taken.' }),
  // A number of which YAML has lost digits no token would meet.
  claims: z
    .record(text, z.union([z.string(), z.number().refine(isUnrounded, CLAIM), z.boolean()], CLAIM))
    .default({})
    .meta({ description: 'What else they have to claim.' }),
});

/** A caller: how it is known, and what it may do. */
export const callerSchema = z
  .strictObject({
    keys: z
      .array(key)
      .min(1)
      .optional()
      .meta({ description: 'The hashes of its keys; several while one is replaced.' }),
    jwt: jwt.optional().meta({ description: 'The tokens by which it is known.' }),
    sources: z.array(z.string()).default([]).meta({ description: 'The sources that it may name.' }),
    batches: z
      .union([z.literal('*'), z.array(z.string())], '*, or a list of saved batches, is allowed here')
      .default([])
      .meta({ description: 'The saved batches that it may run; `*` is all of them.' }),
    adhoc: z.boolean().default(false).meta({ description: 'Whether it may ask batches of its own.' }),
    metrics: z.boolean().default(false).meta({ description: 'Whether it may read `/metrics`.' }),
    rate: rateOf('Requests')
      .optional()
      .meta({ description: 'Requests a second, and how many may come at once, in each worker.' }),
    maxInFlight: wholeNumber
      .min(1)
      .max(1_000_000)
      .optional()
      .meta({ description: 'Its batches under way at a time, in each worker.' }),
    maxTimeoutMs: milliseconds
      .optional()
      .meta({ description: 'The longest deadline that its batches may have, in milliseconds.' }),
  })
  .refine(({ keys, jwt }) => keys !== undefined || jwt !== undefined, {
    message: 'keys, jwt or both are needed here',
    ...besides('keys', 'jwt'),
  });

/** What a configuration says of a caller, by whose name it stands there. */
export type CallerConfig = z.output<typeof callerSchema>;

/** What it says of a caller's tokens. */
export type JwtConfig = z.output<typeof jwt>;

/** An address whose answer nobody on the way can change: there is no credential in it either. */
function isSafe(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** Whether a host of a URL, where it is an address as the WHATWG writes it, is this machine. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}
