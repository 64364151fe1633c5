import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Pattern, Plan } from '../../../src/batch/plan/node.ts';
import { Answer } from '../../../src/batch/run/answer.ts';
import type { Encoded } from '../../../src/encodings/encoding.ts';
import { pageEncoding, type PageOptions } from '../../../src/saved/pages/page-encoding.ts';
import { Templates } from '../../../src/saved/pages/templates.ts';
import { type Asking, limits, q, simulate, start } from '../../batch/simulated.ts';
import { plan } from '../../plan.ts';

/** Files by their names, in a folder of their own while `use` runs. */
export async function inFolder<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'codap-pages-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** How a page is asked for: of which batch, with what templates beside its own. */
export interface PageAsking extends Asking, PageOptions {
  readonly pattern?: Pattern;
  readonly files?: Readonly<Record<string, string>>;
}

/** The answer of a batch in a template's page. */
export function encoded(template: string, body: object, asking: PageAsking = {}): Promise<Encoded | undefined> {
  const { pattern = 'kv', files, csp } = asking;
  return inFolder({ ...files, 'page.liquid': template }, async (folder) => {
    const parsed = await new Templates(folder).parse('page.liquid');
    const running = start(pattern, body, asking);
    return pageEncoding(parsed, { csp }).encode(new Answer(running), planOf(pattern, body));
  });
}

/** What renders a template again and again, over values that queries of these names answer. */
export function rendererOf(
  template: string,
  files: Readonly<Record<string, string>> = {},
): Promise<(values: Readonly<Record<string, unknown>>) => Promise<string>> {
  return inFolder({ ...files, 'page.liquid': template }, async (folder) => {
    const encoding = pageEncoding(await new Templates(folder).parse('page.liquid'));
    return async (values) => {
      const body = { queries: queriesOf(values) };
      return textOf(await encoding.encode(new Answer(start('kv', body)), planOf('kv', body)));
    };
  });
}

function queriesOf(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, q({ value })]));
}

function planOf(pattern: Pattern, body: object): Plan {
  return plan(pattern, body, { sources: new Map([['sim', simulate().source]]), limits });
}

/** What renders a page whose queries have been answered. */
export function ready(
  template: string,
  values: Readonly<Record<string, unknown>>,
  asking: Asking,
): Promise<() => Promise<unknown>> {
  return inFolder({ 'page.liquid': template }, async (folder) => {
    const encoding = pageEncoding(await new Templates(folder).parse('page.liquid'));
    const body = { queries: queriesOf(values) };
    const running = start('kv', body, asking);
    const planned = planOf('kv', body);
    const { list } = await running.root.reply;
    // A store's JSON is there; what the simulation answers is written when it is first asked for.
    for (const { reply } of list?.members ?? []) void reply.value?.json;
    return () => encoding.encode(new Answer(running), planned);
  });
}

/** The page of a template over these values, each answered by a query of its name. */
export async function page(
  template: string,
  values: Readonly<Record<string, unknown>> = {},
  asking: PageAsking = {},
): Promise<string> {
  return textOf(await encoded(template, { queries: queriesOf(values) }, asking));
}

/** What an answer has written. */
export function textOf(answer: Encoded | undefined): string {
  if (answer?.body.kind !== 'text') throw new Error('the batch has failed');
  return answer.body.text.toString();
}

/** Why a page failed, as the log is told. */
export async function failure(rendering: Promise<unknown>): Promise<string> {
  const error = await rendering.then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  if (!error) return 'it did not fail';
  const { cause } = error;
  return `${error.message} <- ${cause instanceof Error ? cause.message : 'no cause'}`;
}
