import { frameEncoding } from './frame-answer.ts';

/** One frame a line. */
export const ndjson = frameEncoding({
  mediaType: 'application/x-ndjson',
  extension: 'ndjson',
  form: 'text',
  before: () => '',
  after: '\n',
});
