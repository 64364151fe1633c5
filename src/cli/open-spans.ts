import type { Logger } from 'pino';
import type { Exporting } from '../observe/exporting.ts';
import type { Spans } from '../observe/spans.ts';

/** Begins to export traces, where they are exported; else nothing that it takes is loaded. */
export async function openSpans(exporting: Exporting | undefined, logger: Logger): Promise<Spans | undefined> {
  if (!exporting) return undefined;
  const { Spans } = await import('../observe/spans.ts');
  return new Spans(exporting, logger);
}
