import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Call } from '../http/call.ts';
import { S3Failure } from './failure.ts';

/** Who may ask. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/**
 * Lets a request pass whose `Authorization` names the right key, or whose address was presigned with the
 * right secret and is still good. The signature of a header is not checked: the point of this store is speed,
 * not safety.
 */
export function authorize(call: Call, credentials: Credentials): void {
  const presigned = call.query.has('X-Amz-Signature');
  const named = presigned
    ? call.query.get('X-Amz-Credential')
    : /Credential=([^,]+)/.exec(call.header('authorization') ?? '')?.[1];
  if (!named) throw new S3Failure('AccessDenied');
  if (named.split('/')[0] !== credentials.accessKeyId) throw new S3Failure('InvalidAccessKeyId');
  if (presigned) checkPresigned(call, named, credentials.secretAccessKey);
}

function checkPresigned(call: Call, credential: string, secret: string): void {
  const at = call.query.get('X-Amz-Date') ?? '';
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(at) ?? [];
  const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const lifeSeconds = Number(call.query.get('X-Amz-Expires') ?? Number.NaN);
  if (Number.isNaN(signedAt) || Number.isNaN(lifeSeconds)) throw new S3Failure('AuthorizationQueryParametersError');
  if (Date.now() > signedAt + lifeSeconds * 1000) throw new S3Failure('AccessDenied', 'Request has expired');
  const [, ...scope] = credential.split('/');
  const digest = createHash('sha256').update(canonicalRequest(call)).digest('hex');
  const key = [...scope.slice(0, 3), 'aws4_request'].reduce(
    (key: string | Buffer, part) => hmac(key, part),
    `AWS4${secret}`,
  );
  const expected = hmac(key, ['AWS4-HMAC-SHA256', at, scope.join('/'), digest].join('\n'));
  const given = Buffer.from(call.query.get('X-Amz-Signature') ?? '', 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new S3Failure('SignatureDoesNotMatch');
}

/** The text that a presigned address signs (AWS Signature Version 4, "Create a canonical request"). */
function canonicalRequest(call: Call): string {
  const query = [...call.query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted();
  const signed = call.query.get('X-Amz-SignedHeaders') ?? '';
  const headers = signed.split(';').map((name) => `${name}:${(call.header(name) ?? '').trim()}\n`);
  const payload = call.query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD';
  return [call.method, canonicalPath(call.path), query.join('&'), headers.join(''), signed, payload].join('\n');
}

function canonicalPath(path: string): string {
  return path
    .split('/')
    .map((segment) => encode(decodeURIComponent(segment)))
    .join('/');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
