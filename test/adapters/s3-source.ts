import type { Connection } from '../../adapters/adapter.ts';
import { s3, type S3Options } from '../../adapters/s3.ts';
import { DEMO_CREDENTIALS } from '../../demo/credentials.ts';
import type { Context } from '../../src/fetch.ts';
import type { Payload } from '../../src/payload.ts';
import { context } from './rest-source.ts';

/** An S3 source's options, defaults filled in. */
export function s3Options(own: Record<string, unknown>, common: Partial<S3Options> = {}): S3Options {
  return {
    ...s3.options.parse({ bucket: 'photos', prefix: 'public/', forcePathStyle: true, ...DEMO_CREDENTIALS, ...own }),
    name: 'photos',
    timeoutMs: 2000,
    concurrency: 8,
    maxBytes: 65_536,
    ...common,
  };
}

/** What compiling params gives: the query for `fetch`, and the faults as `path: detail`. */
export function compiled(options: S3Options, op: string, params: Record<string, unknown>) {
  const faults: string[] = [];
  const checked = s3.ops[op]!.params.safeParse(params);
  for (const issue of checked.error?.issues ?? []) faults.push(`${issue.path.join('/')}: ${issue.message}`);
  const query = checked.success
    ? s3.compile(op, checked.data as Record<string, unknown>, options, (path, detail) =>
        faults.push(`${path.join('/')}: ${detail}`),
      )
    : undefined;
  return { query: query as { key: string; prefix: string; startAfter?: string }, faults };
}

/** Compiles and runs one query. */
export async function run(
  connection: Connection,
  options: S3Options,
  op: string,
  params: Record<string, unknown>,
  { want = 'value', ...own }: Partial<Context> & { want?: Payload['kind'] } = {},
): Promise<Payload> {
  const { query, faults } = compiled(options, op, params);
  if (faults.length > 0) throw new Error(faults.join('; '));
  return connection.fetch({ op, params: query, want }, context(own));
}
