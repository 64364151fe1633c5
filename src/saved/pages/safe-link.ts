/** What a link may begin with, beside nothing. */
const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:']);

/** Leads nowhere, by definition (CSS Values 4 §4.5). */
const NOWHERE = 'about:invalid';

/** Stands for the page's own address: what is relative to it has its scheme. */
const PAGE = 'https://page.invalid/';

/**
 * A URL as it is if it is relative, or one of http, https or mailto; else one that leads nowhere. It is read
 * as browsers do, which look past white space and controls.
 */
export function linkOf(url: string): string {
  const parsed = URL.parse(url, PAGE);
  return parsed && SCHEMES.has(parsed.protocol) ? url : NOWHERE;
}
