/** The media type of every fault (RFC 9457). */
export const PROBLEM = 'application/problem+json';

/** What a page is, which only a batch with a template is answered in. */
export const PAGE = { mediaType: 'text/html', extension: 'html', form: 'text' } as const;
