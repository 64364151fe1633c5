import { createHash } from 'node:crypto';
import { synthetic } from '../synthetic.ts';

/** An object of a bucket. */
export interface Stored {
  size: number;
  /** With its quotes. */
  etag: string;
  lastModified: Date;
  contentType: string;
  /**
   * The other headers it is served with: `cache-control`, `content-disposition`, `content-encoding`… and
   * `x-amz-meta-*`.
   */
  headers: Readonly<Record<string, string>>;
  versionId?: string;
  read(start: number, end: number): Uint8Array | Iterable<Uint8Array>;
}

/** What may be said about an object beside its bytes. */
export interface StoredOptions {
  contentType?: string;
  headers?: Readonly<Record<string, string>>;
  metadata?: Readonly<Record<string, string>>;
  lastModified?: Date;
  /** Keeps it beside other versions of the same key; the one put last is the current one. */
  versionId?: string;
  /** Instead of the MD5 of the bytes; without quotes. */
  etag?: string;
}

/** An object held in memory. */
export function inMemory(bytes: Uint8Array, options: StoredOptions = {}): Stored {
  const etag = options.etag ?? createHash('md5').update(bytes).digest('hex');
  return {
    ...described(options),
    size: bytes.byteLength,
    etag: `"${etag}"`,
    read: (start, end) => bytes.subarray(start, end),
  };
}

/** An object of any size that is made up while it is read. */
export function madeUp(size: number, options: StoredOptions = {}): Stored {
  const etag = options.etag ?? createHash('md5').update(`synthetic ${size}`).digest('hex');
  return { ...described(options), size, etag: `"${etag}"`, read: synthetic };
}

function described({ contentType, headers, metadata = {}, lastModified, versionId }: StoredOptions) {
  const meta = Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name.toLowerCase()}`, value] as const);
  return {
    contentType: contentType ?? 'application/octet-stream',
    headers: { ...headers, ...Object.fromEntries(meta) },
    lastModified: lastModified ?? new Date(),
    ...(versionId !== undefined && { versionId }),
  };
}
