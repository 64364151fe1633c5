import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { setImmediate as turn } from 'node:timers/promises';
import { CodapError } from '../../src/errors.ts';
import type { Value } from '../../src/store/payload.ts';
import { plain } from '../http/content.ts';
import type { StoreClock } from './store-clock.ts';
import { presignInput } from './input.ts';
import type { S3Options } from './options.ts';
import type { PresignGetObject } from './params.ts';

/** An address that gives one object to whoever has it, for so long; no store is asked. */
export async function presign(
  client: S3Client,
  query: PresignGetObject,
  options: S3Options,
  clock: StoreClock,
): Promise<Value> {
  // Signing costs half a millisecond of CPU: others get their turn between two of many.
  await turn();
  const { expiration } = await client.config.credentials();
  const signed = Math.floor(clock.now() / 1000);
  // No store takes what was signed with credentials that are no longer valid.
  const most = expiration ? Math.floor(expiration.getTime() / 1000) - signed : Infinity;
  if (most < 1) throw new CodapError('UNAVAILABLE', 'the credentials for the store have expired');
  const expiresIn = Math.min(query.expiresInSeconds, most);
  const command = new GetObjectCommand(presignInput(query, options));
  const url = await getSignedUrl(client, command, { expiresIn, signingDate: new Date(signed * 1000) });
  const expiresAt = new Date((signed + expiresIn) * 1000).toISOString();
  return plain({ url, expiresAt });
}
