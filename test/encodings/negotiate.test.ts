import { describe, expect, it } from 'vitest';
import { mediaTypes, negotiate } from '../../src/encodings/index.ts';

const liked = (accept?: string) => negotiate({ accept }).map(({ mediaType }) => mediaType);

describe('the encodings an Accept header takes', () => {
  it.each([undefined, '', ' , ,', '*/*', 'text/html, */*;q=0.8'])('%j: all, JSON first', (accept) => {
    expect(liked(accept)).toEqual(mediaTypes);
  });

  it.each([
    ['application/json;charset=utf-8', ['application/json']],
    ['application/json; charset="utf-8" ; q=0.9', ['application/json']],
    ['application/x-ndjson; charset=utf-8, application/json;q=0.5', ['application/x-ndjson', 'application/json']],
    ['application/zip;profile="a, b; q=0";q=0.5, application/json', ['application/json', 'application/zip']],
    ['text/event-stream;charset=utf-8;q=0', []],
  ])('%j: whatever its parameters but q', (accept, types) => expect(liked(accept)).toEqual(types));

  it.each([
    ['application/json;q=0.5, application/x-ndjson', ['application/x-ndjson', 'application/json']],
    ['text/*', ['text/event-stream', 'text/csv']],
    ['APPLICATION/ZIP', ['application/zip']],
    ['*/*;q=0', []],
    ['text/html', []],
  ])('%j: the best liked first', (accept, types) => expect(liked(accept)).toEqual(types));

  it('leaves out what has quality 0, though everything else is taken', () => {
    expect(liked('application/json;q=0, */*')).toEqual(mediaTypes.filter((type) => type !== 'application/json'));
  });
});
