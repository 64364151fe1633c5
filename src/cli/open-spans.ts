import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { Exporting } from '../observe/exporting.ts';
import type { Spans } from '../observe/spans.ts';

/** Begins to export traces, where they are exported; else nothing that it takes is loaded. */
export async function openSpans(
  exporting: Exporting | undefined,
  { server }: Pick<Config, 'server'>,
  logger: Logger,
): Promise<Spans | undefined> {
  if (!exporting) return undefined;
  const { Spans } = await import('../observe/spans.ts');
  return new Spans(exporting, server.traceStatements, logger);
}
