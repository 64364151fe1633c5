import type { FastifyReply } from 'fastify';
import type { Batch } from '../../batch/run/batch.ts';
import { GRACE_MS } from '../../batch/run/grace.ts';
import type { MemberList } from '../../batch/run/reply.ts';
import { isComplete } from '../../batch/run/reply.ts';
import type { Encoded, Encoding } from '../../encodings/encoding.ts';
import { weakTag } from '../../encodings/weak-tag.ts';
import { vary } from './vary.ts';

/** How the answer to a GET may be kept by others. */
export interface Caching {
  /** Seconds for which a complete one may be kept; without it, none is. */
  readonly maxAgeSeconds: number | undefined;
  /** The headers of the caller on which it depends. */
  readonly dependsOn: readonly string[];
}

/** What is not known to be fit for keeping is not kept. */
export function keepNothing(reply: FastifyReply, { dependsOn }: Caching): void {
  reply.header('cache-control', 'no-store');
  for (const name of dependsOn) vary(reply, name);
}

/**
 * Says how an answer may be kept, by its headers (RFC 9111 §5.2.2, RFC 9110 §8.8.3): one that is gathered has
 * a weak entity tag, unless that would keep it beyond its deadline, and one that is complete an age. Resolves
 * with the tag.
 */
export async function cacheable(
  reply: FastifyReply,
  { mediaType, showsReplies }: Encoding,
  { body }: Encoded,
  list: MemberList | undefined,
  { maxAgeSeconds, dependsOn }: Caching,
  { work, options }: Pick<Batch, 'work' | 'options'>,
): Promise<string | undefined> {
  if (body.kind !== 'text' || !list) return undefined;
  const scope = dependsOn.length > 0 ? 'private' : 'public';
  if (maxAgeSeconds !== undefined && isComplete(list))
    reply.header('cache-control', `${scope}, max-age=${maxAgeSeconds}`);
  const tag = await weakTag(mediaType, showsReplies ? list : body.text, work, options.deadline + GRACE_MS.tag);
  if (tag !== undefined) reply.header('etag', tag);
  return tag;
}
