import { expect, it } from 'vitest';
import type { Member } from '../../src/batch/run/reply.ts';
import { entryOf } from '../../src/encodings/archive/entry.ts';

/** The name of an entry whose stored bytes are of this type. */
function nameOf(contentType: string | undefined): string | undefined {
  const value = { kind: 'value', json: '""', value: '', stored: 'text', meta: { contentType } };
  return entryOf({ path: ['a', 0], reply: { status: 'ok', value } } as unknown as Member)?.name;
}

const OFFICE = 'application/vnd.openxmlformats-officedocument';

it.each([
  [undefined, 'bin'],
  ['', 'bin'],
  ['nonsense', 'bin'],
  ['constructor', 'bin'],
  ['application/octet-stream', 'bin'],
  ['application/x-unheard-of', 'bin'],
  ['application/json', 'json'],
  ['application/ld+json', 'json'],
  ['application/geo+json', 'json'],
  ['application/problem+json', 'json'],
  ['application/pdf', 'pdf'],
  ['application/xml', 'xml'],
  ['application/zip', 'zip'],
  ['application/gzip', 'gz'],
  ['application/javascript', 'js'],
  ['application/x-ndjson', 'ndjson'],
  ['application/msword', 'doc'],
  [`${OFFICE}.wordprocessingml.document`, 'docx'],
  [`${OFFICE}.spreadsheetml.sheet`, 'xlsx'],
  [`${OFFICE}.presentationml.presentation`, 'pptx'],
  ['application/epub+zip', 'epub'],
  ['audio/mpeg', 'mp3'],
  ['font/woff2', 'woff2'],
  ['image/avif', 'avif'],
  ['image/bmp', 'bmp'],
  ['image/gif', 'gif'],
  ['image/jpeg', 'jpg'],
  ['image/png', 'png'],
  ['image/svg+xml', 'svg'],
  ['image/webp', 'webp'],
  ['text/calendar', 'ics'],
  ['text/css', 'css'],
  ['text/csv', 'csv'],
  ['text/html', 'html'],
  ['text/javascript', 'js'],
  ['text/markdown', 'md'],
  ['text/plain', 'txt'],
  ['text/xml', 'xml'],
  ['text/yaml', 'yaml'],
  ['text/x-unheard-of', 'txt'],
  ['video/mp4', 'mp4'],
  ['TEXT/Plain ; charset=utf-8', 'txt'],
  ['application/vnd.api+json;charset=utf-8', 'json'],
])('an entry without a name of its own, of type %j, ends in .%s', (type, extension) => {
  expect(nameOf(type)).toBe(`a/0.${extension}`);
});
