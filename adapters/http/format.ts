import { MIMEType, TextDecoder } from 'node:util';
import { remembering } from '../../src/ground/remember.ts';

/**
 * How a body is read: by its content type, or as the query says; `part` is what `auto` is for a part of one,
 * which is no JSON, and may be cut inside a character.
 */
export type Format = 'auto' | 'part' | 'json' | 'text' | 'base64';

/** Charsets in which a part of a text may look like another: they are not told where a character begins. */
export const AMBIGUOUS = /^(?:utf-16|gb|big5|euc|iso-2022|shift)/;

/** Names of UTF-16 that leave the order of its octets open: its mark tells it (RFC 2781 §4.3). */
const OF_EITHER_ORDER = /^\s*(?:utf-16|(?:iso-10646-)?ucs-2|(?:cs)?unicode)\s*$/i;

/** What a body was read as. */
type Encoding = Exclude<Format, 'auto' | 'part'>;

/**
 * How a body of this content type is read under `auto`: JSON, any `text/*` whose charset is known, else
 * base64.
 */
export function formatOf(contentType = ''): Encoding {
  return formatIn(contentType);
}

const formatIn = remembering((contentType): Encoding => {
  const type = parsed(contentType);
  if (!type) return 'base64';
  if (/^(?:application|text)\/json$|\+json$/.test(type.essence)) return 'json';
  return type.type === 'text' && decoder(type.params.get('charset')) ? 'text' : 'base64';
});

/**
 * Reads the text of this body of a content type: in UTF-8, unless that names a charset that is known. With
 * `ignoreBOM` a byte order mark is a character of it.
 */
export function decoderOf(contentType: string | undefined, bytes: Buffer, ignoreBOM: boolean): TextDecoder {
  const charset = parsed(contentType)?.params.get('charset') ?? '';
  const isReversed = !ignoreBOM && bytes[0] === 0xfe && bytes[1] === 0xff && OF_EITHER_ORDER.test(charset);
  return decoder(isReversed ? 'utf-16be' : charset, ignoreBOM) ?? utf8(ignoreBOM);
}

function parsed(contentType: string | undefined): MIMEType | undefined {
  try {
    return contentType === undefined ? undefined : new MIMEType(contentType);
  } catch {
    return undefined;
  }
}

function decoder(charset: string | null | undefined, ignoreBOM = false): TextDecoder | undefined {
  try {
    return charset ? new TextDecoder(charset, { fatal: true, ignoreBOM }) : utf8(ignoreBOM);
  } catch {
    return undefined;
  }
}

function utf8(ignoreBOM: boolean): TextDecoder {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM });
}
