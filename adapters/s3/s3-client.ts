import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { version } from '../../src/version.ts';
import { undiciConnections } from '../http/connections.ts';
import type { StoreClock } from './store-clock.ts';
import { UndiciHandler } from './http-handler.ts';
import type { S3Options } from './options.ts';
import { xmlCollector } from './xml-collector.ts';

/** What the clients of one source have in common, and what each has of its own. */
export interface ClientParts {
  readonly credentials: S3ClientConfig['credentials'];
  readonly clock: StoreClock;
  readonly endpoint: string | undefined;
  /** Bytes of an answer that is no object. */
  readonly maxXmlBytes: number;
  /** How connections are made, beside what the source's options say. */
  readonly connect?: object;
}

/** A client of the AWS SDK that does what the source's options say, whatever the environment does. */
export function clientFor(
  options: S3Options,
  { credentials, clock, endpoint, maxXmlBytes, connect }: ClientParts,
): S3Client {
  const client = new S3Client({
    region: options.region,
    // The SDK knows no such form of an endpoint that is named: it would refuse every request.
    ...(endpoint !== undefined && { endpoint, useFipsEndpoint: false, useDualstackEndpoint: false }),
    forcePathStyle: options.forcePathStyle,
    credentials,
    // The SDK gets sessions for directory buckets out of anybody's reach: a failed one is kept for good, one
    // that is refreshed ends the process where that fails, and no deadline reaches it.
    disableS3ExpressSessionAuth: true,
    // Each attempt is one request, sent at once: further ones are the retry layer's, and `adaptive` waits.
    maxAttempts: 1,
    retryMode: 'standard',
    customUserAgent: [['codap', version()]],
    disableClockSkewCorrection: false,
    // Checksums of whole objects do not hold for ranges of them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    streamCollector: xmlCollector(maxXmlBytes),
    requestHandler: new UndiciHandler(undiciConnections(options, connect)),
  });
  clock.keepFor(client);
  joinPaths(client);
  return client;
}

/**
 * The SDK puts a key behind an endpoint's path with a slash between, also where that path ends with one: the
 * store would look for another key.
 */
function joinPaths({ config }: S3Client): void {
  const resolve = config.endpointProvider;
  config.endpointProvider = (...asked) => {
    const endpoint = resolve(...asked);
    const { pathname } = endpoint.url;
    if (pathname === '/' || !pathname.endsWith('/')) return endpoint;
    const url = new URL(endpoint.url);
    url.pathname = pathname.slice(0, -1);
    return { ...endpoint, url };
  };
}
