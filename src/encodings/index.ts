import Negotiator from 'negotiator';
import { remembering } from '../budget/remember.ts';
import { csv } from './csv.ts';
import type { Encoding } from './encoding.ts';
import { json } from './json-encoding.ts';
import { ndjson } from './ndjson.ts';
import { raw } from './raw.ts';
import { sse } from './sse.ts';
import { tar, tarGz } from './tar.ts';
import { zip } from './zip.ts';

/** Every encoding, the default first. */
const encodings: readonly Encoding[] = [json, ndjson, sse, zip, tar, tarGz, csv, raw];

/** The media types an answer can have, in order of preference where the client has none. */
export const mediaTypes = encodings.map((encoding) => encoding.mediaType);

/** Those that show replies. */
export const replyTypes = encodings.filter(({ showsReplies }) => showsReplies).map(({ mediaType }) => mediaType);

/** The parameters of a media range: an answer is the same whatever they say, but for `q`. */
const PARAMETER = /;\s*(?!q\s*=)[^\s;,="]+\s*(?:=\s*(?:"(?:\\.|[^"\\])*"|[^;,"]*))?/gi;

/** The encodings an `Accept` header takes (RFC 9110 §12.5.1), the one it likes best first. */
export function negotiate({ accept = '' }: { accept?: string | undefined }): readonly Encoding[] {
  return taken(accept);
}

const taken = remembering((accept): readonly Encoding[] => {
  const ranges = accept.replace(PARAMETER, '');
  // An empty list says no more than no header.
  const headers = { accept: /^[\s,]*$/.test(ranges) ? undefined : ranges };
  return new Negotiator({ headers })
    .mediaTypes(mediaTypes)
    .map((mediaType) => encodings.find((encoding) => encoding.mediaType === mediaType) as Encoding);
});
