import { CodapError, type Code } from '../../src/errors.ts';
import { retryAfterMs } from '../retry-after.ts';

interface ServiceError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Record<string, string> };
}

const FORBIDDEN = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'CredentialsProviderError',
  'RequestTimeTooSkewed',
]);

/** An SDK's error as codap tells it, without the SDK's text. */
export function s3Failure(error: unknown): CodapError {
  if (error instanceof CodapError) return error;
  const { name, $metadata, $response } = error as ServiceError;
  const status = $metadata?.httpStatusCode;
  const code = codeOf(name, status);
  const wait = code === 'OVERLOADED' ? retryAfterMs($response?.headers?.['retry-after']) : undefined;
  return new CodapError(code, message(code, status), {
    ...(status !== undefined && { status }),
    ...(wait !== undefined && { retryAfterMs: wait }),
    cause: error,
  });
}

function codeOf(name: string, status: number | undefined): Code {
  if (FORBIDDEN.has(name) || status === 401 || status === 403) return 'FORBIDDEN';
  if (name === 'SlowDown' || status === 429 || status === 503) return 'OVERLOADED';
  if (name === 'NoSuchKey' || name === 'NoSuchBucket' || name === 'NotFound' || status === 404 || status === 410)
    return 'NOT_FOUND';
  if (status === undefined || status >= 500 || status === 408) return 'UNAVAILABLE';
  if (status >= 300 && status < 400) return 'BAD_RESPONSE';
  return status >= 400 ? 'INVALID' : 'BAD_RESPONSE';
}

function message(code: Code, status: number | undefined): string {
  if (code === 'NOT_FOUND') return 'the bucket has no such object';
  if (code === 'FORBIDDEN') return 'the store refused codap';
  if (code === 'OVERLOADED') return 'the store asks for fewer requests';
  if (status === undefined) return 'no connection to the store, or its answer was cut';
  return `the store answered ${status}`;
}
