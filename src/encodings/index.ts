import Negotiator from 'negotiator';
import type { Encoding } from './encoding.ts';
import { json } from './json-encoding.ts';
import { ndjson } from './ndjson.ts';
import { raw } from './raw.ts';
import { sse } from './sse.ts';
import { tar, tarGz } from './tar.ts';
import { zip } from './zip.ts';

/** Every encoding, the default first. */
const encodings: readonly Encoding[] = [json, ndjson, sse, zip, tar, tarGz, raw];

/** The media types an answer can have, in order of preference where the client has none. */
export const mediaTypes = encodings.map((encoding) => encoding.mediaType);

/** The encoding an `Accept` header asks for (RFC 9110 §12.5.1); undefined if it takes none of them. */
export function negotiate(headers: { accept?: string | undefined }): Encoding | undefined {
  const mediaType = new Negotiator({ headers: { accept: headers.accept } }).mediaType(mediaTypes);
  return encodings.find((encoding) => encoding.mediaType === mediaType);
}
