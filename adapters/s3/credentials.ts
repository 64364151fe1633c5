import { defaultProvider } from '@aws-sdk/credential-provider-node';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { isThrottlingError, isTransientError } from '@smithy/core/retry';
import { CodapError } from '../../src/errors.ts';
import type { S3Options } from './options.ts';

/** What requests are signed with: the source's own, or what the environment gives, asked for once. */
export function credentialsOf({ accessKeyId, secretAccessKey }: S3Options): S3ClientConfig['credentials'] {
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey };
  // A file is read once by each source, and once more where what it led to expires; by itself the SDK keeps
  // its text for as long as the process lives.
  const environment = defaultProvider({ maxRetries: 0, clientConfig: { maxAttempts: 1 }, ignoreCache: true });
  return (asked) =>
    environment(asked).catch((error: unknown) => {
      throw failureOf(error);
    });
}

/** An error of a service for credentials. */
type Refusal = Parameters<typeof isTransientError>[0] & { readonly statusCode?: number };

/**
 * The store was not asked: what another service answered says nothing of it. Where the SDK does not tell what
 * kept it from credentials, they may be there the next time.
 */
function failureOf(cause: unknown): CodapError {
  const error = Object(cause) as Refusal;
  const status = error.$metadata?.httpStatusCode ?? error.statusCode ?? 0;
  const isRefused = status >= 400 && status < 500 && !isThrottlingError(error) && !isTransientError(error);
  return isRefused
    ? new CodapError('FORBIDDEN', 'codap was refused credentials for the store', { cause })
    : new CodapError('UNAVAILABLE', 'credentials for the store cannot be had now', { cause });
}
