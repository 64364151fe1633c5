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

/** A client of the AWS SDK for a source. */
export function clientFor(
  options: S3Options,
  { credentials, clock, endpoint, maxXmlBytes, connect }: ClientParts,
): S3Client {
  const client = new S3Client({
    region: options.region,
    ...(endpoint !== undefined && { endpoint }),
    forcePathStyle: options.forcePathStyle,
    credentials,
    maxAttempts: 1,
    customUserAgent: [['codap', version()]],
    // Checksums of whole objects do not hold for ranges of them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    streamCollector: xmlCollector(maxXmlBytes),
    requestHandler: new UndiciHandler(undiciConnections(options, connect)),
  });
  clock.keepFor(client);
  return client;
}
