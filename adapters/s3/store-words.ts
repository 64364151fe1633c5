import type { Code } from '../../src/errors.ts';

/** What a store's word for a failure means: a code, where the status would not say it, and a sentence. */
interface Meaning {
  readonly code?: Code;
  readonly says?: string;
}

const refused = (why: string): Meaning => ({ code: 'FORBIDDEN', says: `the store refused codap: ${why}` });
const DISABLED = refused('its account or the bucket is disabled');
const EXPIRED = refused('its credentials have expired');
const UNKNOWN_KEY = refused('it does not know its access key');
const OVERLOADED: Meaning = { code: 'OVERLOADED' };
const UNUSABLE_KEY: Meaning = { says: 'the object is encrypted with a key that cannot be used' };
const ELSEWHERE: Meaning = { says: 'the bucket is in another region, or has another endpoint' };

/** The words of Amazon S3 (API reference, Error responses) and of stores that speak its language. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ['AccessDenied', refused('its credentials do not allow this')],
  ['AccountProblem', DISABLED],
  ['AllAccessDisabled', DISABLED],
  ['AuthorizationHeaderMalformed', refused('it signs in another way than the store takes, or for another region')],
  ['ExpiredToken', EXPIRED],
  ['IllegalLocationConstraintException', ELSEWHERE],
  ['IncorrectEndpoint', ELSEWHERE],
  ['InvalidAccessKeyId', UNKNOWN_KEY],
  ['InvalidObjectState', { code: 'INVALID', says: 'the object is archived: it can be read once it is restored' }],
  ['InvalidToken', refused('its session token is not valid')],
  ['KMS.DisabledException', UNUSABLE_KEY],
  ['KMS.InvalidStateException', UNUSABLE_KEY],
  ['KMS.NotFoundException', UNUSABLE_KEY],
  ['KMS.ThrottlingException', OVERLOADED],
  ['NoSuchBucket', { says: 'there is no such bucket' }],
  ['NotSignedUp', DISABLED],
  ['PermanentRedirect', ELSEWHERE],
  ['RequestExpired', refused('its clock and that of the store differ too much')],
  ['RequestTimeTooSkewed', refused('its clock and that of the store differ too much')],
  ['RequestTimeout', { code: 'UNAVAILABLE' }],
  ['SignatureDoesNotMatch', refused('its signature is wrong, as it is with a wrong secret key')],
  // MinIO's.
  ['SlowDownRead', OVERLOADED],
  ['SlowDownWrite', OVERLOADED],
  ['TemporaryRedirect', ELSEWHERE],
  ['TokenRefreshRequired', EXPIRED],
  // versitygw's.
  ['XAdminUserNotFound', UNKNOWN_KEY],
]);

/** What a store's word means; nothing where it is not known. */
export function meaningOf(word: string): Meaning {
  return MEANINGS.get(word) ?? {};
}

/** That a bucket is in the region which the store names, where that says why the request failed. */
export function saysElsewhere(word: string, status: number, region: string | undefined): string | undefined {
  const isWhy = status < 400 || word === 'AuthorizationHeaderMalformed' || meaningOf(word) === ELSEWHERE;
  return region !== undefined && isWhy ? `the bucket is in another region: ${region}` : undefined;
}

/** Whether a text is the name of a region, such as `eu-west-1` or `us-gov-east-1`. */
export function isRegion(text: unknown): text is string {
  return typeof text === 'string' && /^[a-z]{2,5}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/.test(text);
}
