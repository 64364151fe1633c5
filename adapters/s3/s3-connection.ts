import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { abortReason } from '../../src/errors.ts';
import type { Context, Query } from '../../src/store/fetch.ts';
import { discard, type Payload } from '../../src/store/payload.ts';
import { intoReadMemory } from '../../src/store/read-memory.ts';
import { untilAborted } from '../../src/store/signals.ts';
import type { Ask, Connection } from '../adapter.ts';
import { clientFor } from './s3-client.ts';
import { StoreClock } from './store-clock.ts';
import { s3Contents } from './contents.ts';
import { credentialsOf } from './credentials.ts';
import { s3Failure } from './failure.ts';
import { get, head, keeps, renewal } from './get.ts';
import { listInput } from './input.ts';
import { list, listItems } from './list.ts';
import type { S3Options } from './options.ts';
import type { GetObject, HeadObject, ListObjects, PresignGetObject } from './params.ts';
import { presign } from './presign.ts';

/**
 * Bytes of an answer that is no object: the longest, a page of a thousand keys of 1,024 bytes, each of which
 * is written as three, has less. They do not count while they are collected.
 */
const LARGEST = 4 * 2 ** 20;
/** Bytes of an error. */
const LARGEST_ERROR = 2 ** 20;

/** An open S3 source, by the AWS SDK. */
export class S3Connection implements Connection {
  readonly #options: S3Options;
  readonly #clock = new StoreClock();
  readonly #client: S3Client;
  /** For bodies that flow: what moves much memory is set apart from what is small and many. */
  readonly #bodies: S3Client;
  /** Signs addresses for the endpoint that the world sees. */
  readonly #signer: S3Client;

  constructor(options: S3Options) {
    this.#options = options;
    const { endpoint, publicEndpoint } = options;
    const shared = { credentials: credentialsOf(options), clock: this.#clock, endpoint, maxXmlBytes: LARGEST_ERROR };
    this.#client = clientFor(options, { ...shared, maxXmlBytes: LARGEST });
    this.#bodies = clientFor(options, { ...shared, connect: { onread: intoReadMemory } });
    this.#signer =
      publicEndpoint === undefined ? this.#client : clientFor(options, { ...shared, endpoint: publicEndpoint });
  }

  readonly fetch = ({ op, params, want }: Query, context: Context): Promise<Payload> =>
    untilAborted(context.signal, () => this.#fetch(op, params, want, context).catch(rethrow), discard);

  async #fetch(op: string, params: unknown, want: Payload['kind'], context: Context): Promise<Payload> {
    const { signal } = context;
    if (op === 'getObject') {
      const client = want === 'body' ? this.#bodies : this.#client;
      return get(client, params as GetObject, want, this.#options, context);
    }
    if (op === 'headObject') return head(this.#client, params as HeadObject, this.#options, signal);
    if (op === 'presignGetObject') return presign(this.#signer, params as PresignGetObject, this.#options, this.#clock);
    const query = params as ListObjects;
    if (want === 'items')
      return { kind: 'items', items: translated(listItems(this.#client, query, this.#options, signal), signal) };
    return list(this.#client, query, this.#options, context);
  }

  readonly contents = (ask: Ask): Promise<object> => s3Contents(this.#options.prefix, ask);

  part({ op, params, want }: Query, first: number, last?: number, etag?: string): Query | undefined {
    if (op !== 'getObject' || (params as GetObject).range !== undefined) return undefined;
    const range = `bytes=${first}-${last ?? ''}`;
    return { op, params: { ...(params as GetObject), range, ...(etag !== undefined && { ifMatch: etag }) }, want };
  }

  readonly keeps = keeps;

  readonly revalidate = renewal;

  /** Lists one key below the prefix: of the bucket itself a policy may let nothing be seen. */
  ping(signal: AbortSignal): Promise<void> {
    const command = new ListObjectsV2Command(listInput(this.#options, this.#options, 1, undefined));
    return untilAborted(signal, async () => {
      await this.#client.send(command, { abortSignal: signal }).catch(rethrow);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    this.#bodies.destroy();
    this.#signer.destroy();
    return Promise.resolve();
  }
}

function rethrow(error: unknown): never {
  throw s3Failure(error);
}

async function* translated<T>(items: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    throw signal.aborted ? abortReason(signal) : s3Failure(error);
  }
}
