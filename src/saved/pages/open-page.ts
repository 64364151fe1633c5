import type { Encoding } from '../../encodings/encoding.ts';
import type { ToldFault } from '../../json/fault-list.ts';
import { hasMember, keysOf } from '../../json/members.ts';
import type { Own } from '../definition.ts';
import { RESERVED } from './page-context.ts';
import { pageEncoding } from './page-encoding.ts';
import { type Template, TemplateError, Templates } from './templates.ts';
import type { Names } from './unknown-names.ts';

/** The page that a saved batch is shown as, if it can be, and what is wrong with it. */
export interface Page {
  readonly encoding?: Encoding;
  readonly faults: readonly ToldFault[];
}

/** A batch that names a template, with its own name. */
type Batch = Own & { readonly name: string; readonly template: string };

/** Pages whose templates lie below one folder. */
export class PagesBelow {
  readonly #templates: Templates;
  readonly #opened: { readonly batch: Batch; readonly template: Template }[] = [];

  constructor(folder: string) {
    this.#templates = new Templates(folder);
  }

  /** Opens the page of a batch. */
  async open(batch: Batch): Promise<Page> {
    const { csp, pattern, queries } = batch;
    const faults =
      pattern === 'kv' && typeof queries === 'object' && queries !== null
        ? RESERVED.filter((key) => hasMember(queries, key)).map((key) => ({
            pointer: `#/queries/${key}`,
            detail: 'another key is allowed beside a template, where this one names something else',
          }))
        : [];
    try {
      const template = await this.#templates.parse(batch.template);
      this.#opened.push({ batch, template });
      return { encoding: pageEncoding(template, { csp }), faults };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return { faults: [...faults, ...error.faults.map((detail) => ({ pointer: '#/template', detail }))] };
    }
  }

  /** What the operator should know of those that are open: lines, by the first batch that they concern. */
  warnings(): ReadonlyMap<string, readonly string[]> {
    const given = this.#opened.map(({ batch, template }) => [template.file, namesOf(batch)] as const);
    const lines = new Map(this.#templates.warnings(given));
    return new Map(
      this.#opened.map(({ batch, template }) => {
        const own = template.files.flatMap((file) => lines.get(file) ?? []);
        for (const file of template.files) lines.delete(file);
        return [batch.name, own];
      }),
    );
  }
}

/** What the template of a batch can name. */
function namesOf({ pattern, queries, params }: Batch): Names {
  const keys = pattern === 'kv' ? new Map(keysOf(queries as object).map((key) => [key, undefined])) : undefined;
  return new Map<string, Names | undefined>([
    ...(keys ?? [['results', undefined] as const]),
    ['params', new Map(keysOf(params ?? {}).map((name) => [name, undefined]))],
    [
      'codap',
      new Map<string, Names | undefined>([
        ['complete', undefined],
        ['replies', keys],
      ]),
    ],
  ]);
}
