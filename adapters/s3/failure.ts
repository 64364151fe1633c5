import { isThrottlingError } from '@smithy/core/retry';
import { CodapError, type Code } from '../../src/errors.ts';
import { isDecodingError } from '../http/decoders.ts';
import { retryAfterMs } from '../http/retry-after.ts';
import { codeOfStatus } from '../http/status-code.ts';
import { transportFailure } from '../http/transport-failure.ts';
import { isRegion, meaningOf, saysElsewhere } from './store-words.ts';
import { UncollectedError } from './xml-collector.ts';

/** What the SDK adds to an error that came as an answer. */
interface ServiceError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Record<string, string>; readonly reason?: string };
  /** Where the bucket is, of an error that tells it. */
  readonly Region?: unknown;
}

/** An SDK's error as codap tells it, without the SDK's text. */
export function s3Failure(error: unknown): CodapError {
  if (error instanceof CodapError) return error;
  if (isDecodingError(error)) {
    return new CodapError('BAD_RESPONSE', 'the object is not in the content encoding it should be in', {
      cause: error,
    });
  }
  const { name = '', $metadata, $response, Region } = Object(error) as Partial<ServiceError>;
  if (name === 'EndpointError')
    return new CodapError('INTERNAL', "by this source's configuration its bucket has no address", { cause: error });
  const status = $metadata?.httpStatusCode;
  if (status === undefined) return transportFailure(error instanceof UncollectedError ? error.cause : error);
  const headers = $response?.headers;
  const code = codeOf(name, status, $response?.reason);
  const wait = code === 'OVERLOADED' || status === 503 ? retryAfterMs(headers?.['retry-after']) : undefined;
  const region = [headers?.['x-amz-bucket-region'], Region].find(isRegion);
  const says = saysElsewhere(name, status, region) ?? meaningOf(name).says ?? message(code, status);
  return new CodapError(code, says, {
    status,
    ...(wait !== undefined && { retryAfterMs: wait }),
    cause: error,
  });
}

function codeOf(name: string, status: number, reason = ''): Code {
  // What is answered to HEAD has no body that names the failure, but its status line may: `503 Slow Down`.
  if (isThrottling(name) || isThrottling(reason.replaceAll(' ', ''))) return 'OVERLOADED';
  return meaningOf(name).code ?? codeOfStatus(status);
}

function isThrottling(name: string): boolean {
  return isThrottlingError({ name, message: '', $metadata: {} });
}

function message(code: Code, status: number): string {
  if (code === 'NOT_FOUND') return 'there is no such object or bucket';
  if (code === 'FORBIDDEN') return 'the store refused codap';
  if (code === 'OVERLOADED') return 'the store asks for fewer requests';
  if (status >= 300 && status < 400) return `the store answered a redirect (${status}), which is not followed`;
  if (code === 'BAD_RESPONSE') return `the store's answer (${status}) cannot be read`;
  return `the store answered ${status}`;
}
