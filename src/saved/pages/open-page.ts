import type { Encoding } from '../../encodings/encoding.ts';
import type { ToldFault } from '../../json/fault-list.ts';
import { hasMember } from '../../json/members.ts';
import type { Own } from '../definition.ts';
import { RESERVED } from './page-context.ts';
import { pageEncoding } from './page-encoding.ts';
import { TemplateError, Templates } from './templates.ts';

/** The page that a saved batch is shown as, if it can be, and what is wrong with it. */
export interface Page {
  readonly encoding?: Encoding;
  readonly faults: readonly ToldFault[];
}

/** Opens the page of a batch that names a template. */
export type OpenPage = (said: Own & { readonly template: string }) => Promise<Page>;

/** Pages whose templates lie below one folder. */
export function pagesBelow(folder: string): OpenPage {
  const templates = new Templates(folder);
  return async ({ template, csp, pattern, queries }) => {
    const faults =
      pattern === 'kv' && typeof queries === 'object' && queries !== null
        ? RESERVED.filter((key) => hasMember(queries, key)).map((key) => ({
            pointer: `#/queries/${key}`,
            detail: 'another key is allowed beside a template, where this one names something else',
          }))
        : [];
    try {
      return { encoding: pageEncoding(await templates.parse(template), { csp }), faults };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return { faults: [...faults, ...error.faults.map((detail) => ({ pointer: '#/template', detail }))] };
    }
  };
}
