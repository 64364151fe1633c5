import { createRequire } from 'node:module';
import type * as Mime from 'mime';
import type { QueryNode } from '../../batch/plan/node.ts';
import type { Flow } from '../../batch/run/flow.ts';
import type { Member } from '../../batch/run/reply.ts';
import { addValues } from '../../batch/run/value-text.ts';
import type { Meta, Value } from '../../store/payload.ts';
import { Text } from '../../json/text.ts';

/** A body as it comes. */
export type EntryBody = Pick<Flow<Buffer>, 'next' | 'close' | 'break'>;

/** What goes into an archive under one name. */
export interface Entry {
  /** As wanted; made safe and unique when it is written. */
  readonly name: string;
  readonly modified: Date;
  /** Known in advance, in bytes; a tar needs it. */
  readonly size: number | undefined;
  readonly content: Buffer | EntryBody;
}

/** Endings that mime does not know, or of which it names a rare one first, and that of most entries. */
const EXTENSIONS: ReadonlyMap<string, string> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['audio/mpeg', 'mp3'],
]);

const require = createRequire(import.meta.url);

/** Statuses of an answer that has no body: an empty file would stand for one that is as it was, or is not. */
const WITHOUT_BODY = new Set<number | undefined>([204, 304]);

/** A byte order mark. */
const MARK = Buffer.from('\uFEFF');

/** A body that nothing looks into goes into an archive as it is stored. */
export function bodyOrValue(node: QueryNode): 'body' | 'value' {
  return node.streams === 'body' && !node.gathered ? 'body' : 'value';
}

/** The entry of a reply; undefined if it has nothing to read. */
export function entryOf(member: Member): Entry | undefined {
  const { reply } = member;
  if (reply.flow?.payload.kind === 'body' && reply.status === 'ok') {
    const { meta } = reply.flow.payload;
    if (WITHOUT_BODY.has(meta.status)) return undefined;
    return {
      name: nameOf(member, meta.contentType),
      modified: modifiedOf(meta),
      // Of a part, `meta.size` is the whole's.
      size: meta.length,
      content: reply.flow as Flow<Buffer>,
    };
  }
  const value = reply.value;
  if (value) {
    if (value.stored !== undefined && WITHOUT_BODY.has(value.meta?.status)) return undefined;
    const content = contentOf(value);
    return { name: nameOf(member, typeOf(value)), modified: modifiedOf(value.meta), size: content.length, content };
  }
  if (!reply.list || reply.status === 'error' || reply.status === 'skipped') return undefined;
  const text = new Text();
  addValues(text, reply.list);
  const content = text.toBuffer();
  return { name: nameOf(member, 'application/json'), modified: new Date(), size: content.length, content };
}

function nameOf(member: Member, contentType: string | undefined): string {
  if (member.as !== undefined) return member.as;
  return `${member.path.join('/')}.${extensionOf(contentType)}`;
}

/** The ending for a type. The tables of mime, which are large, are loaded once an archive needs them. */
function extensionOf(contentType = ''): string {
  const type = contentType.replace(/;.*/s, '').trim().toLowerCase();
  const own = type.endsWith('+json') ? 'json' : EXTENSIONS.get(type);
  if (own !== undefined) return own;
  const { default: mime } = require('mime') as typeof Mime;
  return mime.getExtension(type) || (type.startsWith('text/') ? 'txt' : 'bin');
}

/** The stored bytes where a gathered value stands for some; else its JSON. */
function contentOf(value: Value): Buffer {
  const { stored } = value;
  if (typeof stored === 'object') return stored;
  // What is JSON anyhow is not opened: that could take long.
  if (stored === undefined || stored === 'marked JSON') {
    const json = value.bytes ?? Buffer.from(value.json);
    return stored ? Buffer.concat([MARK, json]) : json;
  }
  const text = Buffer.from(value.value as string, stored === 'base64' ? 'base64' : 'utf8');
  return stored === 'marked text' ? Buffer.concat([MARK, text]) : text;
}

function typeOf({ stored, meta }: Value): string | undefined {
  return stored === undefined || stored === 'marked JSON' ? 'application/json' : meta?.contentType;
}

function modifiedOf(meta: Meta | undefined): Date {
  const stored = new Date(meta?.lastModified ?? '');
  return Number.isNaN(stored.getTime()) ? new Date() : stored;
}
