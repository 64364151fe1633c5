import Negotiator from 'negotiator';
import type { Plan } from '../batch/plan/node.ts';
import { remembering } from '../ground/remember.ts';
import { csv } from './csv.ts';
import type { Encoding } from './encoding.ts';
import { json } from './json.ts';
import { ndjson } from './ndjson.ts';
import { raw } from './raw.ts';
import { sse } from './sse.ts';
import { tar, tarGz } from './tar.ts';
import { zip } from './zip.ts';

/** Every encoding, the default first. */
export const encodings: readonly Encoding[] = [json, ndjson, sse, zip, tar, tarGz, csv, raw];

/** The media types an answer can have, in order of preference where the client has none. */
export const mediaTypes = encodings.map((encoding) => encoding.mediaType);

/** Those that show replies. */
export const replyTypes = encodings.filter(({ showsReplies }) => showsReplies).map(({ mediaType }) => mediaType);

/** The parameters of a media range: an answer is the same whatever they say, but for `q`. */
const PARAMETER = /;\s*(?!q\s*=)[^\s;,="]+\s*(?:=\s*(?:"(?:\\.|[^"\\])*"|[^;,"]*))?/gi;

/** The headers of a request that say what it takes. */
interface Accepting {
  readonly accept?: string | undefined;
}

/** The encodings an `Accept` header takes (RFC 9110 §12.5.1), the one it likes best first. */
export const negotiate = negotiating(encodings);

/** The first of what a request takes in which a plan can be answered; undefined where there is none. */
export function chosen(acceptable: readonly Encoding[], plan: Plan): Encoding | undefined {
  return acceptable.find(({ refuses }) => refuses?.(plan) === undefined);
}

/** Negotiates among these, the default first. */
export function negotiating(among: readonly Encoding[]): (headers: Accepting) => readonly Encoding[] {
  const types = among.map(({ mediaType }) => mediaType);
  const taken = remembering((accept): readonly Encoding[] => {
    const ranges = accept.replace(PARAMETER, '');
    // An empty list says no more than no header.
    const headers = { accept: /^[\s,]*$/.test(ranges) ? undefined : ranges };
    return new Negotiator({ headers })
      .mediaTypes(types)
      .map((mediaType) => among.find((encoding) => encoding.mediaType === mediaType) as Encoding);
  });
  return ({ accept = '' }) => taken(accept);
}
