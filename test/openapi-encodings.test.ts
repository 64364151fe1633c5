import { expect, it } from 'vitest';
import { encodings } from '../src/encodings/index.ts';
import { contentIn, described, storedIn } from '../src/openapi/batch-paths.ts';

const JSON_SCHEMA = { $ref: '#/components/schemas/KvAnswer' };

it.each([
  ['json', { schema: JSON_SCHEMA }],
  ['text', { schema: { type: 'string' } }],
  ['events', {}],
  ['archive', {}],
  ['stored', {}],
] as const)('a new media type is described by its form alone: %s', (form, told) => {
  const among = [{ mediaType: 'application/x-new', form }];
  const isStored = form === 'stored';
  expect(contentIn(among, JSON_SCHEMA)).toEqual({ 'application/x-new': told, ...(isStored && { '*/*': {} }) });
  expect(described('It ran.', among).includes('`application/x-new`')).toBe(isStored);
  expect(storedIn(among) !== undefined).toBe(isStored);
});

it('each media type has the form that it is described by', () => {
  expect(Object.fromEntries(encodings.map(({ extension, form }) => [extension, form]))).toEqual({
    json: 'json',
    ndjson: 'text',
    csv: 'text',
    sse: 'events',
    zip: 'archive',
    tar: 'archive',
    'tar.gz': 'archive',
    bin: 'stored',
  });
});
